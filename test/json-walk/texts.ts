import fc from 'fast-check'

/** A JSON text, and what a gateway must make of it: written down while the text is made, so that no parser is asked. */
export interface Sample {
  readonly text: string
  /** Why it must be refused: in this order, the first reason counts. */
  readonly refused: 'twice' | 'content' | 'note' | undefined
  /** What must come back when it is not refused: compact, names sorted by UTF-16 code units, numbers as JavaScript writes them. */
  readonly canonical: string
}

type Value =
  | { readonly type: 'plain'; readonly text: string }
  | { readonly type: 'number'; readonly token: string; readonly kept: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly items: readonly Value[] }
  | { readonly type: 'object'; readonly fields: readonly (readonly [name: string, value: Value])[] }

/** Characters that JSON readers have got wrong: escapes, halves of pairs, what looks like an escape and is none. */
const UNITS = [
  '"',
  '\\',
  '/',
  '\n',
  '\u0001',
  'a',
  'b',
  'u',
  '0',
  '\u00e9',
  '\u2028',
  '\u{1f600}',
  '\u007f',
  ' ',
]
const ODD_NAMES = [
  '',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  '10',
  '9',
  'a.b',
  'kq',
  'theme_x',
  '\\u0',
  '"ab',
  '\\"a',
]
const BAD_UNITS = ['\0', '\ud800', '\udc00']

const unit = fc.oneof(
  { weight: 600, arbitrary: fc.constantFrom(...UNITS) },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_UNITS) },
)
const strings = fc.string({ unit, maxLength: 5 })
const names = fc.oneof(
  { weight: 30, arbitrary: fc.string({ unit, minLength: 1, maxLength: 4 }) },
  { weight: 10, arbitrary: fc.constantFrom(...ODD_NAMES) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', '_id', '_') },
)
const kept = (token: string) => ({ type: 'number', token, kept: true }) as const
const changed = (token: string) => ({ type: 'number', token, kept: false }) as const
const doubles = fc.double({ noNaN: true, min: -9e15, max: 9e15 })
const numbers: fc.Arbitrary<Value> = fc.oneof(
  { weight: 12, arbitrary: fc.integer().map(value => kept(String(value))) },
  { weight: 6, arbitrary: doubles.map(value => kept(String(value))) },
  { weight: 3, arbitrary: doubles.map(value => kept(value.toPrecision(17))) },
  { weight: 3, arbitrary: doubles.map(value => kept(value.toExponential().replace('e', 'E'))) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('-0', '0.0', '1.10', '1e2', '0e9', '9007199254740991', '5e-324').map(kept),
  },
  { weight: 1, arbitrary: fc.bigInt(2n ** 53n, 2n ** 80n).map(value => changed(String(value))) },
  { weight: 1, arbitrary: fc.bigInt(10n ** 18n, 10n ** 22n).map(value => changed(`0.${value * 10n + 7n}`)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('1e400', '-1e16', '1e-400', '9007199254740992', '8389765612825190229')
      .map(changed),
  },
)
const leaves: fc.Arbitrary<Value> = fc.oneof(
  numbers,
  strings.map(value => ({ type: 'string', value }) as const),
  fc.constantFrom('true', 'false', 'null').map(text => ({ type: 'plain', text }) as const),
)
const { value: values } = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 4, arbitrary: leaves },
    {
      weight: 1,
      arbitrary: fc.array(tie('value'), { maxLength: 3 }).map(items => ({ type: 'array', items }) as const),
    },
    { weight: 2, arbitrary: objects(tie('value')) },
  ),
}))

function objects(inner: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.array(fc.tuple(names, inner), { maxLength: 4 }).map(fields => ({ type: 'object', fields }))
}

/** Mostly objects, for names are what is read wrongly. */
const texts = fc.tuple(
  fc.oneof({ weight: 6, arbitrary: objects(values) }, { weight: 1, arbitrary: values }),
  fc.nat(3),
)

/** The same texts for the same seed. */
export function sampleTexts(count: number, seed: number): Sample[] {
  return fc.sample(texts, { numRuns: count, seed }).map(([value, style]) => ({
    text: written(value, style),
    refused: has(value, isTwice)
      ? 'twice'
      : has(value, isUnfit)
        ? 'content'
        : hasNote(value)
          ? 'note'
          : undefined,
    canonical: canonicalOf(value),
  }))
}

function written(value: Value, style: number): string {
  const space = style === 3 ? ' \n' : ''
  if (value.type === 'plain') return value.text
  if (value.type === 'number') return value.token
  if (value.type === 'string') return quoted(value.value, style)
  if (value.type === 'array')
    return `[${space}${value.items.map(item => written(item, style)).join(`,${space}`)}]`
  const fields = value.fields.map(([name, item]) => `${quoted(name, style)}${space}:${written(item, style)}`)
  return `{${fields.join(`${space},`)}}`
}

/** 0: as few escapes as possible; 1: nothing but escapes; 2 and 3: each other character, in capitals. */
function quoted(text: string, style: number): string {
  if (style === 0) return JSON.stringify(text)
  const units = text.split('').map((char, index) => {
    if (style > 1 && index % 2 === 0) return char === '/' ? '\\/' : plainOf(char)
    const code = char.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${style === 1 ? code : code.toUpperCase()}`
  })
  return `"${units.join('')}"`
}

/** One UTF-16 unit: halves of pairs must be escapes, or the bytes would be others. */
function plainOf(char: string): string {
  return /[\ud800-\udfff]/.test(char)
    ? `\\u${char.charCodeAt(0).toString(16)}`
    : JSON.stringify(char).slice(1, -1)
}

function canonicalOf(value: Value): string {
  if (value.type === 'plain') return value.text
  if (value.type === 'number') return String(Number(value.token) + 0)
  if (value.type === 'string') return JSON.stringify(value.value)
  if (value.type === 'array') return `[${value.items.map(canonicalOf).join(',')}]`
  const fields = [...value.fields].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonicalOf(item)}`).join(',')}}`
}

function has(value: Value, isBad: (value: Value) => boolean): boolean {
  if (isBad(value)) return true
  if (value.type === 'array') return value.items.some(item => has(item, isBad))
  return value.type === 'object' && value.fields.some(([, item]) => has(item, isBad))
}

function isTwice(value: Value): boolean {
  return value.type === 'object' && new Set(value.fields.map(([name]) => name)).size < value.fields.length
}

/** What jsonb or JavaScript cannot hold, and names that reach a prototype. */
function isUnfit(value: Value): boolean {
  if (value.type === 'number') return !value.kept
  if (value.type === 'string') return !isFit(value.value)
  if (value.type !== 'object') return false
  return value.fields.some(
    ([name, item]) => !isFit(name) || name === '__proto__' || reachesPrototype(name, item),
  )
}

function isFit(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function reachesPrototype(name: string, item: Value): boolean {
  return (
    name === 'constructor' && item.type === 'object' && item.fields.some(([inner]) => inner === 'prototype')
  )
}

/** Lists are values as a whole: what is in them is no note. */
function hasNote(value: Value): boolean {
  return value.type === 'object' && value.fields.some(([name, item]) => name.startsWith('_') || hasNote(item))
}
