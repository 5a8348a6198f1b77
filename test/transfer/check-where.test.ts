import t from 'tap'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import { checkWhere } from '../../src/transfer/check-where.ts'

/** Defaults of another version of the bot: a field that no schema knows. */
const DEFAULTS = {
  ...BUILT_IN_DEFAULTS,
  llm_config: {
    global: { ...documentDefaults(BUILT_IN_DEFAULTS, 'llm_config'), beta: { grace: 5, any: {}, list: [1] } },
  },
}
const check = (text: string) => checkWhere([text], DEFAULTS)
const messageOf = (text: string) => check(text).faults[0]?.message

t.test('a field that no document has', async t => {
  for (const [text, message] of [
    ['mode.scalp:size.levrage!=3', 'mode.scalp: unknown field size.levrage, did you mean size.leverage?'],
    ['mode.scalp:sise.leverage>3', 'mode.scalp: unknown field sise.leverage, did you mean size.leverage?'],
    ['mode.scalp:leverage>3', 'mode.scalp: unknown field leverage, did you mean size.leverage?'],
    [
      'mode.scalp:size.leverage.x=3',
      'mode.scalp: unknown field size.leverage.x: size.leverage has no fields',
    ],
    ['llm_config:beta.grase=3', 'llm_config: unknown field beta.grase, did you mean beta.grace?'],
    ['mode.scalp:__proto__.x!=3', /unknown field __proto__\.x/],
    ['mode.scalp:sltp.tp_gain_levels.x=1', /unknown field/],
  ] as const)
    t.match(messageOf(text), message, text)
})

t.test('a value that the field never has', async t => {
  for (const [text, message] of [
    ['mode.scalp:size!=3', 'mode.scalp:size is a section: name a field in it, such as size.'],
    ['settings:preferences!=3', 'settings:preferences is a section: name a field in it'],
    ['mode.scalp:size.leverage!=abc', 'mode.scalp:size.leverage must be integer, is "abc"'],
    ['mode.scalp:size.leverage!=3.5', 'must be integer, is 3.5'],
    ['mode.scalp:size.leverage=null', 'must be integer, is null'],
    ['mode.scalp:enabled!="true"', 'must be boolean, is "true"'],
    ['settings:trading.timezone!=5', 'must be string, is 5: write it in quotes, "5"'],
    ['settings:trading.risk_level!=agressive', 'must be one of "conservative", "moderate", "aggressive"'],
    ['mode.scalp:sltp.tp_gain_levels!=3', 'is a list: name an item of it, such as sltp.tp_gain_levels.0'],
    ['mode.scalp:sltp.tp_gain_levels.0=abc', 'must be number, is "abc"'],
    ['llm_config:beta.grace!=abc', 'llm_config:beta.grace must be number, is "abc"'],
    ['llm_config:beta!=3', 'is a section'],
  ] as const)
    t.ok(messageOf(text)?.includes(message), `${text}: ${messageOf(text)}`)
})

t.test('what may fit is taken, in the names of the bot as well', async t => {
  for (const text of [
    'mode.scalp:size.leverage > 3',
    'mode.scalp:size.leverage>9000',
    'mode.scalp:size.leverage>3.5',
    'mode.scalp:sltp.tp_gain_levels=null',
    'mode.scalp:sltp.tp_gain_levels.0=1',
    'settings:preferences.any.depth!=x',
    'settings:trading.timezone=BST',
    'settings:trading.timezone_offset=true',
    'llm_config:beta.grace>=4.5',
    'llm_config:beta.any.thing=x',
    'llm_config:beta.list.0=x',
  ])
    t.strictSame(check(text).faults, [], text)
  const conditionOf = (text: string) => check(text).conditions[0]
  t.match(conditionOf('capital_allocation:ultra_fast_percent>=0'), { path: ['ultra_percent'] })
  t.match(conditionOf('settings:trading.current_mode=ultra_fast'), { value: 'ultra' })
  t.match(conditionOf('mode.ultra_fast:enabled=true'), { kind: 'mode.ultra' })
})
