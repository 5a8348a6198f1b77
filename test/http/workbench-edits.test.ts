import t from 'tap'
// @ts-expect-error: a module of the page, without types
import { editsAgainst, patchOf, sameJson } from '../../src/http/ops/lib/edits.js'
// @ts-expect-error: a module of the page, without types
import { readText, textOf } from '../../src/http/ops/lib/texts.js'

t.test('a text becomes a value of the type of its field, or a fault', async t => {
  const leverage = { type: 'integer', minimum: 1, maximum: 125 }
  const levels = { type: ['array', 'null'], items: { type: 'number' } }
  const frames = { type: 'array', items: { type: 'string', enum: ['1m', '5m'] } }
  const note = { type: ['string', 'number', 'boolean'] }
  const table: readonly [schema: object, text: string, before: unknown, read: object][] = [
    [leverage, ' 25 ', 10, { value: 25 }],
    [leverage, '126', 10, { fault: 'must be at most 125' }],
    [leverage, '0', 10, { fault: 'must be at least 1' }],
    [leverage, '2.5', 10, { fault: 'must be a whole number' }],
    [leverage, '', 10, { fault: 'must be a number' }],
    [{ type: 'number' }, '0,5', 1, { value: 0.5 }],
    [{ type: 'number' }, 'Infinity', 1, { fault: 'must be a number' }],
    [levels, '1, 2.5', null, { value: [1, 2.5] }],
    [levels, '', [1], { value: null }],
    [levels, '1,,2', null, { fault: 'each number must be a number' }],
    [frames, '1m, 5m', [], { value: ['1m', '5m'] }],
    [frames, ' ', ['1m'], { value: [] }],
    [{ type: 'object' }, '{"a":1}', {}, { value: { a: 1 } }],
    [{ type: 'object' }, '{a}', {}, { fault: 'must be JSON' }],
    [{ type: 'string' }, ' x ', '', { value: ' x ' }],
    [note, '5', 4, { value: 5 }],
    [note, '5', '4', { value: '5' }],
    [note, 'true', false, { value: true }],
  ]
  for (const [schema, text, before, read] of table) {
    t.strictSame(readText(schema, text, before), read, `${JSON.stringify(schema)} ${text}`)
  }
  t.equal(textOf(levels, [1, 2.5]), '1, 2.5')
  t.equal(textOf(levels, null), '')
  t.equal(textOf(leverage, 25), '25')
})

t.test('only what was typed is sent, and what a colleague stored alike is no edit', async t => {
  const edits = { 'size.leverage': { text: '25', value: 25 }, enabled: { text: false, value: false } }
  t.strictSame(patchOf(edits), { size: { leverage: 25 }, enabled: false })
  const left = editsAgainst(edits, { size: { leverage: 25, max_positions: 3 }, enabled: true })
  t.strictSame(Object.keys(left), ['enabled'])
  t.ok(sameJson({ a: [1, { b: null }] }, { a: [1, { b: null }] }))
  for (const [one, other] of [
    [[1], { 0: 1 }],
    [{ a: undefined }, { a: null }],
    [[1, 2], [1]],
    ['1', 1],
  ]) {
    t.notOk(sameJson(one, other), JSON.stringify([one, other]))
  }
})
