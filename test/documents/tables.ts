import { readFileSync } from 'node:fs'
import { MODES } from '../../src/documents/catalogue.ts'

/** One field of one document, as the tables of facts in fixtures/ have it. */
export interface FieldFact {
  readonly kind: string
  readonly path: string
  readonly type: string
  readonly min: number | undefined
  readonly max: number | undefined
  readonly allowed: string
  readonly byDefault: unknown
}

const DOCUMENT_FACTS: readonly FieldFact[] = ['document-fields.tsv', 'bot-fields.tsv'].flatMap(file =>
  rows(file).map(row => fact(row.document!, row, row.default!)),
)

/** Every field of every document: each mode has its own. */
export const FIELD_FACTS: readonly FieldFact[] = [
  ...DOCUMENT_FACTS,
  // Of a mode, the group has the fields of scalp_reentry with the same bounds and, in the built-in file, the same defaults.
  ...MODES.flatMap(mode =>
    DOCUMENT_FACTS.filter(({ kind }) => kind === 'scalp_reentry').map(each => ({
      ...each,
      kind: `mode.${mode}`,
      path: `position_optimization.${each.path}`,
    })),
  ),
  ...MODES.flatMap(mode => rows('mode-fields.tsv').map(row => fact(`mode.${mode}`, row, row[mode]!))),
  ...MODES.flatMap(mode => rows('safety-fields.tsv').map(row => fact(`safety.${mode}`, row, row[mode]!))),
]

type Row = Readonly<Record<string, string>>

function fact(kind: string, row: Row, byDefault: string): FieldFact {
  return {
    kind,
    path: row.path!,
    type: row.type!,
    min: bound(row.min!),
    max: bound(row.max!),
    allowed: row.allowed ?? '',
    byDefault: JSON.parse(byDefault),
  }
}

function bound(text: string): number | undefined {
  return text === '' ? undefined : Number(text)
}

function rows(file: string): Row[] {
  const text = readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
  const [header, ...lines] = text.trimEnd().split('\n')
  const names = header!.split('\t')
  return lines.map(line => {
    const cells = line.split('\t')
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))
  })
}
