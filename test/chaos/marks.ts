import type { JsonObject } from '../../src/documents/json.ts'

/** The field in which writes leave their mark: one the gateway does not know, which a defaults file may add. */
const MARK = 'chaos_mark'
const SECTIONS = ['trading', 'notifications']

/** The defaults file with an empty mark in every document. */
export function withMarks(file: JsonObject): JsonObject {
  const marked: JsonObject = { ...file }
  for (const section of ['global_trading', 'notifications', 'scalp_reentry', 'capital_allocation']) {
    marked[section] = { ...(file[section] as JsonObject), [MARK]: '' }
  }
  for (const section of ['mode_configs', 'safety_settings', 'circuit_breaker', 'llm_config']) {
    const inner = Object.entries(file[section] as JsonObject)
    marked[section] = Object.fromEntries(
      inner.map(([name, value]) => [name, { ...(value as JsonObject), [MARK]: '' }]),
    )
  }
  return marked
}

/** The patch that leaves a mark in a document; `settings` has a place for it in each of two sections. */
export function patchOf(mark: string): JsonObject {
  return { [MARK]: mark }
}

/** The marks in a document, or in one of its sections. */
export function marksOf(kind: string, section: string, data: JsonObject | null): string[] {
  if (data === null) return []
  if (kind !== 'settings' || section !== '') return [String(data[MARK] ?? '')]
  return SECTIONS.map(name => String((data[name] as JsonObject | undefined)?.[MARK] ?? ''))
}

/** Where SQL finds the mark of a document. */
export const MARK_PATH = `{${MARK}}`
