import { shownChange } from '../documents/changes.ts'
import { readJson } from '../documents/json/read.ts'
import { own } from '../documents/json.ts'
import type { HistoryEntry } from './service.ts'

export type Changes = HistoryEntry['changes']

/** The changes of a history record. Empty when an operator stored something else than a list of changes. */
export function changesIn(json: string): Changes {
  const list = readJson(json)
  if (!Array.isArray(list)) return []
  return list.filter(change => typeof own(change ?? {}, 'path') === 'string').map(shownChange)
}
