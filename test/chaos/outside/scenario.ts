import type { Fault } from '../faults/fault.ts'
import type { RunOptions } from '../runner.ts'

/**
 * A fault that the gateway met outside the laboratory: a run of its own, with gateways and servers set up as they were
 * there, and held to the whole promise by the same recorder and checker as every chaos run.
 */
export interface Scenario extends Pick<RunOptions, 'stack' | 'beside' | 'judge'> {
  /** `C2`. */
  readonly name: string
  readonly says: string
  /** In turn, as long as the run lasts. */
  readonly faults: readonly Fault[]
}

/** A fault that only lets the clients work for a while: what is wrong is there from the beginning. */
export const UNDISTURBED: Fault = {
  name: 'undisturbed',
  inject: ({ random }) => new Promise(resolve => setTimeout(resolve, random.between(300, 900))),
}
