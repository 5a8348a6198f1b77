import { commandLine } from '../../src/commands/command-line.ts'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import { readJson } from '../../src/documents/json/read.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergePatch, plan, requirePatch } from '../../src/settings/edits.ts'
import { PLAIN_CODEC } from '../helper/plain-names.ts'

/**
 * `npm run bench:json`: the JSON reader beside bare JSON.parse, turn by turn in one process, in microseconds of CPU; and
 * what the gateway computes for a PUT of such a body and for a miss, of which the difference is a part.
 */

commandLine({
  command: 'npm run bench:json --',
  summary: 'Measures the JSON reader beside bare JSON.parse, turn by turn, in microseconds of CPU.',
  options: {},
})

const ROUNDS = 60
const RUNS = 200
const KIND = 'mode.scalp'
const LIMITS = { documentBytes: 4 * 1_024 * 1_024, userBytes: 16 * 1_024 * 1_024 }

const data = documentDefaults(BUILT_IN_DEFAULTS, KIND)
const text = canonicalJson(data)
const body = Buffer.from(text)
const address = { kind: KIND }
const row = {
  ref: { userId: '42', kind: KIND },
  version: 7,
  updatedAt: '2026-01-06T12:00:00.000Z',
  data: text,
}
let turn = 0

function put(read: (bytes: Buffer | string) => unknown): unknown {
  const current = { row, data: read(text) as JsonObject }
  const patch = requirePatch(read(body))
  const size = { ...(patch.size as JsonObject), leverage: 5 + (turn++ % 2) }
  const next = mergePatch(current, address, { ...patch, size })
  const { changes: planned } = plan(current, address, next, BUILT_IN_DEFAULTS, LIMITS)
  return PLAIN_CODEC.encode({ ...row, data: planned[0]?.data ?? text })
}

const bare = (bytes: Buffer | string) => JSON.parse(bytes.toString())
const work: Record<string, () => unknown> = {
  'body, bare JSON.parse': () => bare(body),
  'body, readJson': () => readJson(body),
  'row, bare JSON.parse': () => bare(text),
  'row, readJson': () => readJson(text),
  'a miss: row to envelope': () => PLAIN_CODEC.encode({ ...row }),
  'a PUT: body, row, merge, checks, envelope': () => put(readJson),
}
const best = new Map<string, number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(work)) {
    const before = process.cpuUsage()
    for (let count = 0; count < RUNS; count++) run()
    const { user, system } = process.cpuUsage(before)
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, (user + system) / RUNS))
  }
}
process.stdout.write(`${body.length} bytes, least of ${ROUNDS} rounds of ${RUNS}, microseconds of CPU\n`)
for (const [name, micros] of best) process.stdout.write(`${micros.toFixed(1).padStart(8)}  ${name}\n`)
