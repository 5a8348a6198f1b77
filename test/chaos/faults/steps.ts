import { OUTAGE_STEPS, WRITE_STEPS } from '../gateway-messages.ts'
import type { ChaosGateway } from '../stack.ts'
import { terminateOpenTransactions } from './by-hand.ts'
import { between, type Fault, type FaultContext } from './fault.ts'

/** What is done while an operation is held at a step. Puts it right again. */
type Deed = (context: FaultContext, held: ChaosGateway) => Promise<void>

/** Longest wait for somebody to come to the step. */
const PATIENCE_MS = 6_000

const DEEDS: Readonly<Record<string, Deed>> = {
  'gateway killed': async (context, { process }) => {
    await process.kill()
    await between(context, 0, 300)
    await process.start()
  },
  'gateway frozen': async (context, { process }) => {
    process.freeze()
    await between(context, 200, 3_500)
    process.thaw()
    process.release()
  },
  'Redis killed': async (context, { process }) => {
    await context.stack.redis.kill()
    process.release()
    await between(context, 0, 1_000)
    await context.stack.redis.restart()
  },
  'Redis frozen': async (context, { process }) => {
    context.stack.redis.freeze()
    process.release()
    await between(context, 100, 1_500)
    context.stack.redis.thaw()
  },
  'Redis flushed': async (context, { process }) => {
    await context.stack.command(client => client.flushall())
    process.release()
  },
  'PostgreSQL killed': async (context, { process }) => {
    await context.stack.postgres.kill()
    process.release()
    await between(context, 0, 500)
    await context.stack.postgres.restart()
  },
  'PostgreSQL frozen': async (context, { process }) => {
    context.stack.postgres.freeze()
    process.release()
    await between(context, 100, 3_000)
    context.stack.postgres.thaw()
  },
  'transactions terminated': async (context, { process }) => {
    await context.stack.sql(terminateOpenTransactions)
    process.release()
  },
}

/** The steps of an outage are only reached in one. */
const BEGINNINGS: Readonly<Record<string, (context: FaultContext) => Promise<void>>> = {
  flushed: async ({ stack }) => {
    await stack.command(client => client.flushall())
  },
  restarted: async ({ stack }) => {
    await stack.redis.kill()
    await stack.redis.restart()
  },
}

/** Every deed at every numbered step. */
export const STEP_FAULTS: readonly Fault[] = Object.entries(DEEDS).flatMap(([deed, act]) => [
  ...WRITE_STEPS.map(step => stepFault(deed, act, step, async () => {})),
  ...OUTAGE_STEPS.map(step => {
    // Only a Redis that has lost its marker is emptied.
    const beginning = step === 'gate.cold' ? BEGINNINGS.flushed! : BEGINNINGS.restarted!
    return stepFault(deed, act, step, beginning)
  }),
])

function stepFault(
  deed: string,
  act: Deed,
  step: string,
  begin: (context: FaultContext) => Promise<void>,
): Fault {
  return {
    name: `${deed} at ${step}`,
    async inject(context) {
      const reached = firstAt(context.stack.gateways, step)
      await begin(context)
      const held = await reached
      if (held === undefined) return context.missed()
      if (deed.startsWith('gateway')) context.hurt('gateway', [held])
      if (deed.startsWith('PostgreSQL') || deed.startsWith('transactions'))
        context.hurt('postgres', context.stack.gateways)
      await act(context, held)
    },
  }
}

/** The first gateway that comes to the step is held there, the others are let go. Undefined = nobody came. */
function firstAt(gateways: readonly ChaosGateway[], step: string): Promise<ChaosGateway | undefined> {
  return new Promise(resolve => {
    const finish = (held: ChaosGateway | undefined) => {
      clearTimeout(timer)
      for (const each of gateways) if (each !== held) each.process.release()
      resolve(held)
    }
    const timer = setTimeout(finish, PATIENCE_MS, undefined)
    let found = false
    for (const gateway of gateways) {
      gateway.process.holdAt(step, () => {
        // Somebody else was faster by a moment.
        if (found) return gateway.process.release()
        found = true
        finish(gateway)
      })
    }
  })
}
