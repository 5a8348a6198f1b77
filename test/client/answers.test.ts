import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type * as client from '../../src/client/answers.ts'
import type * as later from '../../src/client/later.ts'
import { declarations } from '../../src/dev/client/declarations.ts'
import type * as errors from '../../src/errors.ts'
import type * as exchange from '../../src/exchange/exchange.ts'
import type * as bulk from '../../src/jobs/bulk-service.ts'
import type * as schedules from '../../src/jobs/schedules.ts'
import type * as status from '../../src/lifecycle/status-service.ts'
import type * as sequence from '../../src/sequence/service.ts'
import type * as admin from '../../src/settings/admin-service.ts'
import type * as audit from '../../src/settings/audit.ts'
import type * as settings from '../../src/settings/service.ts'
import type * as imports from '../../src/transfer/import.ts'
import type * as transfer from '../../src/transfer/transfer-service.ts'
import type { Scope } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'

/** The type check fails when the gateway answers something that the client's type does not promise rightly. */
type Fits<Gateway extends Client, Client> = Gateway
export type Checked = [
  Fits<errors.Fault, client.Fault>,
  Fits<settings.ChangeReport, client.ChangeReport>,
  Fits<settings.Comparison, client.Comparison>,
  Fits<settings.HistoryEntry, client.HistoryEntry>,
  Fits<sequence.SequenceNumbers, client.SequenceNumbers>,
  Fits<status.HealthReport, client.HealthReport>,
  Fits<admin.SyncReport, client.SyncReport>,
  Fits<admin.Inspection, client.Inspection>,
  Fits<audit.AuditPage, client.AuditPage>,
  Fits<transfer.UserPage, client.UserPage>,
  Fits<schedules.ScheduleAnswer, later.Schedule>,
  Fits<bulk.BulkPreview, later.BulkPreview>,
  Fits<bulk.BulkAnswer, later.BulkChange>,
  Fits<bulk.BulkDetails, later.BulkChangeDetails>,
  Fits<imports.ImportOutcome, client.ImportOutcome>,
  Fits<imports.ImportSummary, client.ImportSummary>,
  Fits<exchange.ExchangeKind, client.ExchangeKind>,
  Fits<client.ExchangeKind, exchange.ExchangeKind>,
]

const EQUAL = `
import type * as built from './built.ts'
import type * as source from '../../src/client/gateway-types.ts'
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Plain<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]: Plain<T[K]> } : T
type All = { [K in keyof Names]: Equal<Plain<Names[K][0]>, Plain<Names[K][1]>> }
interface Names {
  Mode: [built.Mode, source.Mode]
  ProblemCode: [built.ProblemCode, source.ProblemCode]
  Settings: [built.Settings, source.Settings]
  ModeConfig: [built.ModeConfig, source.ModeConfig]
  SafetySettings: [built.SafetySettings, source.SafetySettings]
  ScalpReentry: [built.ScalpReentry, source.ScalpReentry]
  CircuitBreaker: [built.CircuitBreaker, source.CircuitBreaker]
  CapitalAllocation: [built.CapitalAllocation, source.CapitalAllocation]
  LlmConfig: [built.LlmConfig, source.LlmConfig]
}
export const all: All = {
  Mode: true, ProblemCode: true, Settings: true, ModeConfig: true, SafetySettings: true, ScalpReentry: true,
  CircuitBreaker: true, CapitalAllocation: true, LlmConfig: true,
}
`

async function compile(t: Scope, built: string): Promise<string> {
  mkdirSync(join(ROOT, '.data'), { recursive: true })
  const directory = mkdtempSync(join(ROOT, '.data/client-types-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'built.ts'), built)
  writeFileSync(join(directory, 'equal.ts'), EQUAL)
  const config = { extends: '../../tsconfig.json', files: ['equal.ts'], include: [] }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { output } = await runNode([tsc, '--project', directory], { cwd: ROOT, env: {} })
  return output
}

t.test('the declarations that the build writes are the types of the schemas', async t => {
  t.equal(await compile(t, declarations()), '')
  const wrong = declarations().replace('leverage: number', 'leverage: string')
  t.match(await compile(t, wrong), /ModeConfig|not assignable/, 'a difference is seen')
})
