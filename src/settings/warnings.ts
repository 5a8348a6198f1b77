import type { Fault } from '../errors.ts'
import type { Warning } from './service.ts'

export function warningsOf(document: string, faults: readonly Fault[]): Warning[] {
  return faults.map(({ path, message }) => ({ document, path, message }))
}

/** An envelope with the warnings of a write, paths as the caller sees them; without any it stays as it is. */
export function withWarnings(envelope: Buffer, faults: readonly Fault[]): Buffer {
  if (faults.length === 0) return envelope
  return Buffer.concat([envelope.subarray(0, -1), Buffer.from(`,"warnings":${JSON.stringify(faults)}}`)])
}
