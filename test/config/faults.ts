import type { Environment } from '../../src/config.ts'

/** A configuration that is right, in production; each case below breaks it in one way. */
export const SOUND: Environment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://gateway:s7Qk2vLx9wPz4tRb@db.internal:5432/gateway',
  REDIS_HOST: 'redis.internal',
  JWT_SECRET: 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8',
  SERVICE_TOKENS: 'bot=Aw4Sx7Dc1Fv8Gb3Hn6Jm9Kl2Qp5Zo0Ti',
}

export interface BrokenCase {
  readonly change: Environment
  /** Every fault, in full or by what it must say. */
  readonly faults: readonly (string | RegExp)[]
}

const WEAK = 'a'.repeat(40)
const TOKEN = 'Bx5Tn8Cm2Vr9Kq4Lw7Zs1Df6Gh3Jp0Ye'

/** Ways to get it wrong, by what an operator did. */
export const BROKEN: Readonly<Record<string, BrokenCase>> = {
  'no database': { change: { DATABASE_URL: '' }, faults: [/^DATABASE_URL must be set/] },
  'a database of another kind': {
    change: { DATABASE_URL: 'mysql://u:p@db/x' },
    faults: ['DATABASE_URL must be postgres://user:password@host:port/name'],
  },
  'a database without a name': {
    change: { DATABASE_URL: 'postgres://u:p@db:5432/' },
    faults: ['DATABASE_URL must be postgres://user:password@host:port/name'],
  },
  'the password of the tutorial': {
    change: { DATABASE_URL: 'postgres://postgres:postgres@db:5432/gateway' },
    faults: ['the password in DATABASE_URL is a placeholder, not fit for production'],
  },
  'a pool of no connection': {
    change: { DATABASE_POOL_SIZE: '0' },
    faults: ['DATABASE_POOL_SIZE must be >= 2, is "0"'],
  },
  'a prefix with a space': {
    change: { REDIS_KEY_PREFIX: 'bot 1:' },
    faults: ['REDIS_KEY_PREFIX must be printable ASCII characters without a space'],
  },
  'a prefix that is a pattern': {
    change: { REDIS_KEY_PREFIX: 'bot*:' },
    faults: ['REDIS_KEY_PREFIX must hold no braces and none of * ? [ ] \\'],
  },
  'a prefix with a hash tag': {
    change: { REDIS_KEY_PREFIX: '{bot}:' },
    faults: ['REDIS_KEY_PREFIX must hold no braces and none of * ? [ ] \\'],
  },
  'a prefix without end': {
    change: { REDIS_KEY_PREFIX: 'b'.repeat(65) },
    faults: ['REDIS_KEY_PREFIX must have at most 64 characters, has 65'],
  },
  'a port that is none': { change: { PORT: '99999' }, faults: ['PORT must be <= 65535, is "99999"'] },
  'a number with its unit': { change: { LEASE_MS: '1s' }, faults: ['LEASE_MS must be integer, is "1s"'] },
  'a fraction': { change: { REDIS_POOL_SIZE: '1.5' }, faults: ['REDIS_POOL_SIZE must be integer, is "1.5"'] },
  'a log level of another logger': {
    change: { LOG_LEVEL: 'verbose' },
    faults: [/^LOG_LEVEL must be equal to one of the allowed values: trace, debug, .*, is "verbose"$/],
  },
  'yes for true': { change: { AUTO_PROVISION: 'yes' }, faults: ['AUTO_PROVISION must be boolean, is "yes"'] },
  'an outage policy that does not exist': {
    change: { ON_DATABASE_OUTAGE: 'ignore' },
    faults: [/^ON_DATABASE_OUTAGE must be equal to one of the allowed values: serve, refuse, is "ignore"$/],
  },
  'two Redis servers': {
    change: { REDIS_URL: 'redis://one:6379/0' },
    faults: ['REDIS_URL and REDIS_HOST are both set: use one of them'],
  },
  'a Redis URL that is none': {
    change: { REDIS_HOST: '', REDIS_URL: 'localhost:6379' },
    faults: [/^REDIS_URL must be redis:/],
  },
  'several servers in REDIS_HOST': {
    change: { REDIS_HOST: 'one,two,three' },
    faults: [/^REDIS_HOST names several servers: .* in REDIS_CLUSTER_NODES, or Sentinels/],
  },
  'Sentinels of nothing': {
    change: { REDIS_HOST: '', REDIS_SENTINELS: 's1:26379,s2:26379' },
    faults: ['REDIS_SENTINELS is set without REDIS_SENTINEL_NAME'],
  },
  'a Sentinel that is no address': {
    change: { REDIS_HOST: '', REDIS_SENTINELS: 's1:x', REDIS_SENTINEL_NAME: 'main' },
    faults: ['REDIS_SENTINELS must be host:port,host:port'],
  },
  'nodes of a cluster beside another Redis': {
    change: {
      REDIS_URL: 'redis://one:6379',
      REDIS_SENTINELS: 's1:26379',
      REDIS_CLUSTER_NODES: 'n1:6379,n2:6379',
      REDIS_DB: '3',
    },
    faults: [
      'REDIS_CLUSTER_NODES and REDIS_URL are both set: use one of them',
      'REDIS_CLUSTER_NODES and REDIS_HOST are both set: use one of them',
      'REDIS_CLUSTER_NODES and REDIS_SENTINELS are both set: use one of them',
      'REDIS_DB must be 0 or not set: a Redis Cluster has no other database',
    ],
  },
  'nodes of a cluster that are none': {
    change: { REDIS_HOST: '', REDIS_CLUSTER_NODES: 'n1:6379,n2:x,redis://n3:6379/1' },
    faults: [/^REDIS_CLUSTER_NODES must be host:port,host:port/],
  },
  'nodes of a cluster that are reached in different ways': {
    change: {
      REDIS_HOST: '',
      REDIS_CLUSTER_NODES: 'redis://a:pK8#@n1:6379,rediss://b:secret@n2:6379,redis://c:%zz@n3'.replace(
        '#',
        '%23',
      ),
      REDIS_PASSWORD: 'kK8#2mPq',
    },
    faults: [
      'REDIS_CLUSTER_NODES holds a % that encodes nothing in its user or password',
      'REDIS_CLUSTER_NODES has different passwords: all nodes must be reached in the same way',
      'REDIS_CLUSTER_NODES and REDIS_PASSWORD both hold a password',
      'REDIS_CLUSTER_NODES has different usernames: all nodes must be reached in the same way',
      'REDIS_CLUSTER_NODES has redis:// and rediss://: all nodes must be reached in the same way',
    ],
  },
  'a password for no Redis': {
    change: { REDIS_HOST: '', REDIS_PASSWORD: 'kK8#2mPq' },
    faults: ['REDIS_PASSWORD is set without REDIS_HOST, REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER_NODES'],
  },
  'no way to check users': {
    change: { JWT_SECRET: '' },
    faults: ['JWT_SECRET or JWKS_URL must be set in production'],
  },
  'a short secret': {
    change: { JWT_SECRET: 'Jq3v8Zt1Lw' },
    faults: ['JWT_SECRET must have at least 32 bytes'],
  },
  'a secret that was typed': {
    change: { JWT_SECRET: WEAK },
    faults: ['JWT_SECRET is too weak for production'],
  },
  'a secret of the documentation': {
    change: { JWT_SECRET: 'change-me-change-me-change-me-0123456789' },
    faults: ['JWT_SECRET is a development value or a placeholder, not fit for production'],
  },
  'webhooks without a secret': {
    change: { WEBHOOK_URL: 'https://hooks.internal/gateway' },
    faults: ['WEBHOOK_SECRET must be set with WEBHOOK_URL'],
  },
  'webhooks to no web address': {
    change: { WEBHOOK_URL: 'hooks.internal:80', WEBHOOK_SECRET: TOKEN },
    faults: ['WEBHOOK_URL must be an http or https address'],
  },
  'webhooks with a password in the address': {
    change: { WEBHOOK_URL: 'https://u:p@hooks.internal/', WEBHOOK_SECRET: TOKEN },
    faults: ['WEBHOOK_URL must hold no user and no password: the signature says who sends'],
  },
  'webhooks with a short secret': {
    change: { WEBHOOK_URL: 'https://hooks.internal/', WEBHOOK_SECRET: 'Bx5Tn8Cm2Vr9Kq4L' },
    faults: ['WEBHOOK_SECRET must have at least 32 characters'],
  },
  'webhooks signed with the secret of tokens': {
    change: { WEBHOOK_URL: 'https://hooks.internal/', WEBHOOK_SECRET: 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8' },
    faults: ['WEBHOOK_SECRET must be a secret of its own: the receiver knows it'],
  },
  'no services': { change: { SERVICE_TOKENS: '' }, faults: ['SERVICE_TOKENS must be set in production'] },
  'a token without a name': {
    change: { SERVICE_TOKENS: TOKEN },
    faults: ['SERVICE_TOKENS: entry 1 must be name=token, the name of letters, digits, _ and -'],
  },
  'a short token': {
    change: { SERVICE_TOKENS: 'bot=Aw4Sx7Dc1Fv8' },
    faults: ['SERVICE_TOKENS: the token of bot must have at least 32 characters'],
  },
  'a token no header can carry': {
    change: { SERVICE_TOKENS: `bot=${TOKEN}"` },
    faults: [/^SERVICE_TOKENS: the token of bot may hold letters, digits and/],
  },
  'a service twice, with one token': {
    change: { SERVICE_TOKENS: `bot=${TOKEN},bot=${TOKEN}` },
    faults: ['SERVICE_TOKENS: bot is there twice', 'SERVICE_TOKENS: bot and bot have the same token'],
  },
  'the signing key as a token': {
    change: { JWT_SECRET: TOKEN, SERVICE_TOKENS: `bot=${TOKEN}` },
    faults: ['JWT_SECRET must not be a service token as well'],
  },
  'keys over plain http': {
    change: { JWKS_URL: 'http://idp/keys' },
    faults: ['JWKS_URL must be an https address in production'],
  },
  'an origin with a path': {
    change: { CORS_ORIGINS: 'https://ui.example.com/app' },
    faults: [/^CORS_ORIGINS: "https:\/\/ui.example.com\/app" is not an origin/],
  },
  'proxies that are none': {
    change: { TRUST_PROXY: '10.0.0.1,nginx,10.0.0.0/33,0.0.0.0/0,loopback,fe80::/10' },
    faults: [/^TRUST_PROXY: "nginx" is no/, /^TRUST_PROXY: "10.0.0.0\/33"/, /^TRUST_PROXY: "0.0.0.0\/0"/],
  },
  'a renewal slower than the lease allows': {
    change: { LEASE_RENEW_MS: '300' },
    faults: ['LEASE_RENEW_MS (300) must be at most a quarter of LEASE_MS (1000)'],
  },
  'a wait that ends before the last lease': {
    change: { OFF_WAIT_MS: '1000' },
    faults: [/^OFF_WAIT_MS \(1000\) must be at least 1210/],
  },
  'a read that outlasts its lease': {
    change: { REDIS_READ_TIMEOUT_MS: '1000' },
    faults: [/^REDIS_READ_TIMEOUT_MS \(1000\) must be less than LEASE_MS \(1000\)/],
  },
  'fences that outlast their transaction': {
    change: { FENCE_TIMEOUT_MS: '750' },
    faults: ['FENCE_TIMEOUT_MS (750) twice must be less than IDLE_IN_TRANSACTION_TIMEOUT_MS (1500)'],
  },
  'a shutdown that cuts writes off': {
    change: { SHUTDOWN_TIMEOUT_MS: '3000' },
    faults: [/^SHUTDOWN_TIMEOUT_MS \(3000\) must be more than SHUTDOWN_DELAY_MS/],
  },
  'a body limit that the defaults do not fit': {
    change: { BODY_LIMIT_BYTES: '4096' },
    faults: ['BODY_LIMIT_BYTES must be >= 65536, is "4096"'],
  },
  'a collector that is no address': {
    change: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
    faults: ['OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address'],
  },
  'more writes than requests': {
    change: { RATE_LIMIT_MAX: '100' },
    faults: ['RATE_LIMIT_WRITE_MAX (30000) must be at most RATE_LIMIT_MAX (100)'],
  },
  'a misspelt variable': {
    change: { REDIS_POOLSIZE: '4' },
    faults: ['REDIS_POOLSIZE is not a variable of the gateway: did you mean REDIS_POOL_SIZE?'],
  },
  'variables with a letter too few, a word too few, other dashes, another case': {
    change: {
      DATBASE_URL: 'postgres://u:p@db/x',
      REDIS_TIMEOUT_MS: '10',
      'CORS-ORIGINS': '*',
      service_token: 'x',
      LEASE_MSS: '1',
    },
    faults: [
      /^DATBASE_URL .* DATABASE_URL\?$/,
      /^REDIS_TIMEOUT_MS .* REDIS_READ_TIMEOUT_MS\?$/,
      /^CORS-ORIGINS .* CORS_ORIGINS\?$/,
      /^service_token .* SERVICE_TOKENS\?$/,
      /^LEASE_MSS .* LEASE_MS\?$/,
    ],
  },
  'a file of what is no secret': {
    change: { LOG_LEVEL_FILE: '/run/secrets/level' },
    faults: ['LOG_LEVEL_FILE is not a variable of the gateway: LOG_LEVEL is no secret, set it directly'],
  },
  'a secret and its file': {
    change: { JWT_SECRET_FILE: '/run/secrets/jwt_secret' },
    faults: ['JWT_SECRET and JWT_SECRET_FILE are both set: use one of them'],
  },
  'a secret in a file that is not there': {
    change: { REDIS_PASSWORD_FILE: '/nowhere/redis_password' },
    faults: ['REDIS_PASSWORD_FILE: /nowhere/redis_password cannot be read: it does not exist (ENOENT)'],
  },
  'a secret in a directory': {
    change: { REDIS_PASSWORD_FILE: '/' },
    faults: ['REDIS_PASSWORD_FILE: / cannot be read: it is a directory (EISDIR)'],
  },
  'two passwords of the database': {
    change: { DATABASE_PASSWORD: 's7Qk2vLx9wPz4tRb' },
    faults: ['DATABASE_URL and DATABASE_PASSWORD both hold a password'],
  },
  'scopes of nobody, of nothing, twice': {
    change: { SERVICE_SCOPES: 'ui=read,bot=read+delete,bot,bot=' },
    faults: [
      'SERVICE_SCOPES: there is no service ui in SERVICE_TOKENS',
      'SERVICE_SCOPES: "delete" of bot is no scope: they are read, write, sequence, exchange, admin',
      'SERVICE_SCOPES: entry 3 must be name=scope+scope, such as bot=read+sequence',
      'SERVICE_SCOPES: entry 4 must be name=scope+scope, such as bot=read+sequence',
    ],
  },
}
