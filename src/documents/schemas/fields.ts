import { type TObject, type TProperties, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'

/**
 * The words the schemas of the documents are written in. Bounds are included. Titles come from the names of the
 * fields, descriptions from units and bounds, so that schema, validation and Swagger never disagree.
 */

/** Candle lengths of the exchange. */
const TIMEFRAMES = [
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
] as const

export type Unit = '%' | 'USD' | 's' | 'min' | 'ms'

/** An object with exactly these fields, all of them present in a stored document. */
export function group<T extends TProperties>(fields: T): TObject<T> {
  const titled = Object.entries(fields).map(([name, schema]): [string, TSchema] => [
    name,
    { ...schema, title: titleOf(name) },
  ])
  return Type.Object(Object.fromEntries(titled) as T, { additionalProperties: false })
}

export function flag() {
  return Type.Boolean()
}

export function decimal(minimum: number, maximum: number, unit?: Unit) {
  return Type.Number({ minimum, maximum, description: range(minimum, maximum, unit) })
}

export function integer(minimum: number, maximum: number, unit?: Unit) {
  return Type.Integer({ minimum, maximum, description: `whole number, ${range(minimum, maximum, unit)}` })
}

/** One of the texts; '' where the list has it. */
export function choice<const T extends readonly string[]>(...values: T): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: values })
}

export function timeframe() {
  return choice(...TIMEFRAMES)
}

export function text(maxLength: number, minLength = 0) {
  return Type.String({ minLength, maxLength, description: `${minLength} to ${maxLength} characters` })
}

/** A number and its unit s, m, h or d; '0' and '' mean none. */
export function duration() {
  return Type.String({
    pattern: '^$|^0$|^[0-9]{1,9}(\\.[0-9]{1,6})?[smhd]$',
    description: 'a number and s, m, h or d, such as 15m; 0 or empty: none',
  })
}

/** Time of day, HH:MM, or ''. */
export function timeOfDay() {
  return Type.String({ pattern: '^$|^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:MM or empty' })
}

export function timeZone() {
  return Type.String({ minLength: 1, maxLength: 64, description: 'IANA time zone, such as Asia/Kolkata' })
}

export function decimals(maxItems: number, minimum: number, maximum: number, unit?: Unit) {
  const description = `at most ${maxItems} numbers, each ${range(minimum, maximum, unit)}`
  return Type.Array(Type.Number({ minimum, maximum }), { maxItems, description })
}

/** At most `maxItems` numbers, or null: not set. */
export function optionalDecimals(maxItems: number): TUnsafe<number[] | null> {
  return Type.Unsafe<number[] | null>({
    type: ['array', 'null'],
    items: { type: 'number' },
    maxItems,
    description: `at most ${maxItems} numbers, or null`,
  })
}

/** A field that may be missing, and stays as it was sent. */
export function optional<T extends TSchema>(field: T) {
  return Type.Optional(field)
}

/** A remark of the bot without a meaning of its own: a text, a number or a truth value, kept as it was sent. */
export function note() {
  const field = Type.Unsafe<string | number | boolean>({
    type: ['string', 'number', 'boolean'],
    maxLength: 256,
    description: 'a note of the bot, kept as it was sent',
  })
  return optional(field)
}

export function timeframes(maxItems: number) {
  return Type.Array(timeframe(), { maxItems, description: `at most ${maxItems} candle lengths` })
}

/** Any JSON object. */
export function freeObject(description: string) {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description })
}

function range(minimum: number, maximum: number, unit?: Unit): string {
  return `${minimum} to ${maximum}${unit === undefined ? '' : ` ${unit}`}`
}

/** Words written in capitals. */
const CAPITALS: Readonly<Record<string, string>> = {
  usd: 'USD',
  ai: 'AI',
  llm: 'LLM',
  sl: 'SL',
  tp: 'TP',
  sltp: 'SL/TP',
  atr: 'ATR',
  roi: 'ROI',
  pnl: 'PnL',
  btc: 'BTC',
  ema: 'EMA',
  vwap: 'VWAP',
  adx: 'ADX',
  mtf: 'MTF',
  dca: 'DCA',
  tfs: 'timeframes',
  pct: 'percent',
  sec: 'seconds',
  secs: 'seconds',
  mins: 'minutes',
  int: 'interval',
  lo: 'low',
  hi: 'high',
  neg: 'negative',
}

/** `max_loss_per_hour` -> `Max loss per hour`. */
function titleOf(name: string): string {
  const words = name.split('_').map(word => CAPITALS[word] ?? word)
  const title = words.join(' ')
  return title.slice(0, 1).toUpperCase() + title.slice(1)
}
