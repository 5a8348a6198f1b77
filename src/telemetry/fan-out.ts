import type { Telemetry } from './telemetry.ts'

/** Tells all of them, in order. */
export function toAll(...all: readonly Telemetry[]): Telemetry {
  return {
    readAnswered: status => {
      for (const each of all) each.readAnswered(status)
    },
    breakerChanged: (state, error) => {
      for (const each of all) each.breakerChanged(state, error)
    },
    viewOff: reason => {
      for (const each of all) each.viewOff(reason)
    },
    viewOn: (recoveryMs, how) => {
      for (const each of all) each.viewOn(recoveryMs, how)
    },
    sequenceDrawn: (source, count) => {
      for (const each of all) each.sequenceDrawn(source, count)
    },
    observe: sources => {
      for (const each of all) each.observe(sources)
    },
  }
}
