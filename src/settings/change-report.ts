import { diff } from '../documents/changes.ts'
import type { JsonObject } from '../documents/json.ts'
import type { RiskNote } from '../documents/risk.ts'
import type { ChangeReport, FieldChange, Warning } from './service.ts'

/** `applied`: the changes are stored. */
export function changeReport(
  applied: boolean,
  changes: readonly FieldChange[],
  warnings: readonly Warning[] = [],
): ChangeReport {
  return {
    applied,
    all_match: changes.length === 0,
    total_changes: changes.length,
    changes,
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

/** What a PUT would change from `before` to `after`. `riskOf` judges the new value of a field. */
export function fieldChanges(
  document: string,
  before: JsonObject,
  after: JsonObject,
  riskOf: (path: string, to: unknown) => RiskNote,
): readonly FieldChange[] {
  return diff(before, after).map(({ path, from, to }) => ({
    document,
    path,
    ...(from === undefined ? {} : { current: from }),
    ...(to === undefined ? {} : { new: to }),
    ...riskOf(path, to),
  }))
}
