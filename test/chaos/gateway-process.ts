import { readEnvironment } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import type { GatewayCommand, GatewayEvent } from './gateway-messages.ts'
import { connectFrom } from './local-address.ts'

/**
 * The process of one gateway in a chaos run: the real server, and failpoints. Whoever forked it names a step of the
 * protocol; the first operation that reaches the step is held there, the parent is told, and does what it likes to
 * this process or to others before it lets the operation go on.
 */

const TURN_MS = 50
/** Longer than any timeout of Redis: only a machine without time for this process explains it. */
const STALL_MS = 300

let armed: string | undefined
let release: () => void = () => {}

async function step(name: string): Promise<void> {
  if (armed !== name) return
  armed = undefined
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  say({ type: 'reached', step: name })
  await released
}

function say(event: GatewayEvent): void {
  process.send?.(event)
}

process.on('message', (command: GatewayCommand) => {
  armed = command.type === 'arm' ? command.step : undefined
  if (command.type === 'release') release()
})
let lastTurn = performance.now()
setInterval(() => {
  const milliseconds = performance.now() - lastTurn
  lastTurn += milliseconds
  if (milliseconds > STALL_MS) say({ type: 'stalled', milliseconds })
}, TURN_MS).unref()
process.on('disconnect', () => process.exit(0))

const [, , localAddress = ''] = process.argv
if (localAddress !== '') connectFrom(localAddress)
const server = await startServer(readEnvironment(), { step })
say({ type: 'listening', url: server.url })
