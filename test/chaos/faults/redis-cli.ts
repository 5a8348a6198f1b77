import { between, type Fault, type FaultContext } from './fault.ts'

/** What an operator does to keys of the gateway with redis-cli, other than writing a document that nobody stored. */
type Command = (context: FaultContext, target: { user: string; prefix: string }) => readonly string[]

const COMMANDS: Readonly<Record<string, Command>> = {
  'a counter is set to 1': (_context, target) => ['SET', counterOf(target), '1'],
  'a counter is set to text': (_context, target) => ['SET', counterOf(target), 'x'],
  'a counter is deleted': (_context, target) => ['DEL', counterOf(target)],
  'a document is deleted': (_context, target) => ['DEL', documentOf(target)],
  'a document expires': ({ random }, target) => ['PEXPIRE', documentOf(target), String(1 + random.int(500))],
  'a document is of another type': (_context, target) => ['EVAL', TO_HASH, '1', documentOf(target)],
  'the stamp is deleted': (_context, target) => ['DEL', stampOf(target)],
  'the stamp is set': (_context, target) => ['SET', stampOf(target), '1'],
  'the marker is deleted': (_context, { prefix }) => ['DEL', `${prefix}gateway:marker`],
  'the view is deleted': (_context, { prefix }) => ['DEL', `${prefix}gateway:view`],
  'the view is text': (_context, { prefix }) => ['SET', `${prefix}gateway:view`, 'hello'],
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

type Target = Parameters<Command>[1]

const documentOf = ({ prefix, user }: Target) => `${prefix}user:${user}:settings:all`
const counterOf = ({ prefix, user }: Target) => `${prefix}user:${user}:sequence:${today()}`
const stampOf = ({ prefix, user }: Target) => `${prefix}gateway:stamp:${user}`

/** An operator runs redis-cli: each command a fault. */
export const REDIS_CLI_FAULTS: readonly Fault[] = Object.entries(COMMANDS).map(([name, commandOf]) => ({
  name: `redis-cli: ${name}`,
  async inject(context) {
    const { stack, random, users } = context
    for (let i = 0; i < 3; i++) {
      const user = random.pick(users)
      await stack.aim(user)
      const [command, ...args] = commandOf(context, { user, prefix: stack.prefixOf(user) })
      await stack.command(client => client.call(command!, ...args))
      await between(context, 10, 300)
    }
  },
}))
