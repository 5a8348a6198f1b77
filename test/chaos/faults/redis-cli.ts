import { between, type Fault, type FaultContext } from './fault.ts'

/** What an operator does to keys of the gateway with redis-cli, other than writing a document that nobody stored. */
type Command = (context: FaultContext, key: string) => readonly string[]

const COMMANDS: Readonly<Record<string, Command>> = {
  'a counter is set to 1': (_context, key) => [
    'SET',
    key.replace(/:settings:all$/, `:sequence:${today()}`),
    '1',
  ],
  'a counter is set to text': (_context, key) => [
    'SET',
    key.replace(/:settings:all$/, `:sequence:${today()}`),
    'x',
  ],
  'a counter is deleted': (_context, key) => ['DEL', key.replace(/:settings:all$/, `:sequence:${today()}`)],
  'a document is deleted': (_context, key) => ['DEL', key],
  'a document expires': ({ random }, key) => ['PEXPIRE', key, String(1 + random.int(500))],
  'a document is of another type': (_context, key) => ['EVAL', TO_HASH, '1', key],
  'the stamp is deleted': (_context, key) => ['DEL', stampOf(key)],
  'the stamp is set': (_context, key) => ['SET', stampOf(key), '1'],
  'the marker is deleted': () => ['DEL', 'gateway:marker'],
  'the view is deleted': () => ['DEL', 'gateway:view'],
  'the view is text': () => ['SET', 'gateway:view', 'hello'],
  FLUSHDB: () => ['FLUSHDB'],
  'SCRIPT FLUSH': () => ['SCRIPT', 'FLUSH'],
  'clients are killed': () => ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
  'Redis pauses': ({ random }) => ['CLIENT', 'PAUSE', String(50 + random.int(900)), 'ALL'],
}

/** In one step, as RENAME of another key over it would be. */
const TO_HASH = `redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], 'a', 'b')`

function today(): string {
  return new Date().toISOString().slice(0, 10).replaceAll('-', '')
}

function stampOf(key: string): string {
  return `gateway:stamp:${key.split(':')[1]}`
}

/** An operator runs redis-cli: each command a fault. */
export const REDIS_CLI_FAULTS: readonly Fault[] = Object.entries(COMMANDS).map(([name, commandOf]) => ({
  name: `redis-cli: ${name}`,
  async inject(context) {
    const { stack, random, users } = context
    for (let i = 0; i < 3; i++) {
      const [command, ...args] = commandOf(context, `user:${random.pick(users)}:settings:all`)
      await stack.command(client => client.call(command!, ...args))
      await between(context, 10, 300)
    }
  },
}))
