import pg from 'pg'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'

/** The tables of the bot, and users of mixed quality in them. */

const SCHEMA = `
  CREATE TABLE users (id uuid PRIMARY KEY, email text, is_admin boolean, timezone varchar DEFAULT 'Asia/Kolkata');
  CREATE TABLE user_mode_configs (id bigserial, user_id uuid, mode_name varchar, enabled boolean, config_json jsonb);
  CREATE TABLE user_global_circuit_breaker (user_id uuid, enabled boolean, max_loss_per_hour numeric, max_daily_loss numeric,
    max_consecutive_losses int, cooldown_minutes int, max_trades_per_minute int, max_daily_trades int, risk_level text,
    dry_run_mode boolean);
  CREATE TABLE user_capital_allocation (user_id uuid, ultra_fast_percent numeric, scalp_percent numeric, swing_percent numeric,
    position_percent numeric, max_ultra_fast_positions int, max_scalp_positions int, max_swing_positions int,
    max_position_positions int, max_ultra_fast_usd_per_position numeric, allow_dynamic_rebalance boolean,
    rebalance_threshold_pct numeric);
  CREATE TABLE user_llm_config (user_id uuid, enabled boolean, provider text, model text, fallback_provider text,
    fallback_model text, timeout_ms int, retry_count int, cache_duration_sec int);
  CREATE TABLE user_safety_settings (user_id uuid, mode text, max_trades_per_minute int, max_trades_per_hour int,
    max_trades_per_day int, max_loss_percent_in_window numeric, min_win_rate_threshold numeric);
  CREATE TABLE user_global_trading (user_id uuid, risk_level text, max_usd_allocation numeric, profit_reinvest_percent numeric,
    profit_reinvest_risk_level text, timezone text, timezone_offset text);`

/** Of an older bot: this table is missing. */
const TRADING_CONFIGS = `
  CREATE TABLE user_trading_configs (user_id uuid, dry_run_mode boolean, notification_email boolean,
    notification_push boolean, notification_telegram boolean, telegram_chat_id text, paper_balance_usdt numeric,
    allowed_symbols jsonb);`

/** What is expected of one user: fields by document, and whether its values are within bounds. */
export interface ExpectedUser {
  readonly id: string
  readonly fits: boolean
  readonly documents: Readonly<Record<string, JsonObject>>
}

export interface BotDatabaseOptions {
  readonly users: number
  /** Whether the bot has `user_trading_configs`. */
  readonly tradingConfigs: boolean
}

/** Makes the bot's tables and their users; resolves to what an import has to make of each. */
export async function fillBotDatabase(url: string, options: BotDatabaseOptions): Promise<ExpectedUser[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(SCHEMA)
    if (options.tradingConfigs) await client.query(TRADING_CONFIGS)
    const expected: ExpectedUser[] = []
    for (let index = 0; index < options.users; index++) {
      expected.push(await addUser(client, index, options.tradingConfigs))
    }
    return expected.sort((a, b) => (a.id < b.id ? -1 : 1))
  } finally {
    await client.end()
  }
}

/** The qualities turn with the index, so that every mixture of them is there. */
async function addUser(client: pg.Client, index: number, tradingConfigs: boolean): Promise<ExpectedUser> {
  const id = idOf(index)
  const documents: Record<string, JsonObject> = {}
  let fits = true
  await client.query('INSERT INTO users (id, email, is_admin, timezone) VALUES ($1, $2, $3, $4)', [
    id,
    `u${index}@example.com`,
    index % 50 === 0,
    index % 7 === 0 ? null : 'Asia/Kolkata',
  ])
  const insert = (table: string, row: JsonObject) => {
    const names = Object.keys(row)
    return client.query(
      `INSERT INTO ${table} (user_id, ${names.join(', ')}) VALUES ($1, ${names.map((_, at) => `$${at + 2}`).join(', ')})`,
      [id, ...Object.values(row)],
    )
  }
  const trading: JsonObject = index % 7 === 0 ? {} : { timezone: 'Asia/Kolkata' }
  if (index % 3 !== 0) {
    // With groups that are null, notes, a field that nobody knows, and the column against the JSON.
    const mode = structuredClone(documentDefaults(BUILT_IN_DEFAULTS, 'mode.ultra')) as Record<
      string,
      JsonObject
    >
    mode.size!.leverage = 3 + (index % 100)
    const { mtf: _mtf, ...groups } = mode
    const config = {
      ...groups,
      enabled: true,
      mtf: null,
      mode_name: 'ultra_fast',
      _note: 'x',
      beta: { on: true },
    }
    await insert('user_mode_configs', {
      mode_name: 'ultra_fast',
      enabled: false,
      config_json: JSON.stringify(config),
    })
    documents['mode.ultra'] = { enabled: false, size: { leverage: 3 + (index % 100) } }
  } else {
    const flat = { leverage: 5, min_confidence: 50 }
    await insert('user_mode_configs', {
      mode_name: 'scalp',
      enabled: true,
      config_json: JSON.stringify(flat),
    })
    documents['mode.scalp'] = { enabled: true, confidence: { min_confidence: 40 } }
  }
  if (index % 4 === 0) {
    await insert('user_mode_configs', {
      mode_name: 'scalp_reentry',
      enabled: true,
      config_json: '{"tp1_percent": 0.35}',
    })
    documents.scalp_reentry = { enabled: true, tp1_percent: 0.35 }
  }
  if (index % 5 === 1) {
    // The bot allows a loss of 1 USD; here the least is 50.
    await insert('user_global_circuit_breaker', {
      enabled: true,
      max_loss_per_hour: '1',
      max_daily_loss: '300.5',
    })
    documents.circuit_breaker = { max_daily_loss: 300.5 }
    fits = false
  } else if (index % 5 !== 2) {
    await insert('user_global_circuit_breaker', {
      enabled: true,
      max_loss_per_hour: '77.25',
      max_daily_loss: '300.5',
      risk_level: 'x',
    })
    documents.circuit_breaker = { max_loss_per_hour: 77.25, max_daily_loss: 300.5 }
  }
  await insert('user_capital_allocation', {
    ...{ ultra_fast_percent: '10', scalp_percent: '40', swing_percent: '30', position_percent: '20' },
    ...{
      max_ultra_fast_positions: 6,
      max_ultra_fast_usd_per_position: '123.45',
      allow_dynamic_rebalance: null,
    },
  })
  documents.capital_allocation = {
    ultra_percent: 10,
    max_ultra_positions: 6,
    max_ultra_usd_per_position: 123.45,
  }
  await insert('user_llm_config', {
    enabled: true,
    provider: 'gemini',
    model: 'g',
    fallback_provider: 'claude',
    fallback_model: '',
  })
  documents.llm_config = { provider: 'gemini', fallback_provider: 'claude' }
  for (const mode of ['ultra_fast', 'scalp', 'swing', 'position']) {
    await insert('user_safety_settings', {
      mode,
      max_trades_per_minute: 3,
      max_loss_percent_in_window: '-2.5',
    })
    documents[`safety.${mode === 'ultra_fast' ? 'ultra' : mode}`] = {
      max_trades_per_minute: 3,
      max_loss_percent_in_window: -2.5,
    }
  }
  if (index % 2 === 0) {
    await insert('user_global_trading', {
      risk_level: 'conservative',
      max_usd_allocation: '1234.5',
      timezone: 'Europe/Berlin',
      timezone_offset: '+01:00',
    })
    Object.assign(trading, {
      risk_level: 'conservative',
      max_usd_allocation: 1234.5,
      timezone: 'Europe/Berlin',
    })
  }
  const settings: JsonObject = {}
  if (tradingConfigs && index % 3 === 1) {
    await insert('user_trading_configs', {
      ...{ dry_run_mode: false, notification_email: true, notification_push: true, telegram_chat_id: '77' },
      ...{ paper_balance_usdt: '10000.5', allowed_symbols: '["BTCUSDT"]' },
    })
    trading.dry_run = false
    settings.notifications = { email_enabled: true, telegram_chat_id: '77' }
    settings.preferences = {
      bot: { notification_push: true, paper_balance_usdt: 10000.5, allowed_symbols: ['BTCUSDT'] },
    }
  }
  documents.settings = { ...settings, ...(Object.keys(trading).length > 0 ? { trading } : {}) }
  return { id, fits, documents }
}

/** Ids whose order is another one than that of the users. */
function idOf(index: number): string {
  const hex = ((index * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')
  return `${hex}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
}
