import type { TestRedis } from '../../helper/backends.ts'
import { anyGateway, between, type Fault, type FaultContext } from '../faults/fault.ts'
import { onRedis } from '../stack.ts'
import { type Scenario, UNDISTURBED } from './scenario.ts'

/** A proxy repeats what it believes lost, within this time, milliseconds. */
const REPEATED_WITHIN_MS = 3_000
const SCRIPTS = /EVALSHA/

function repeated(
  name: string,
  picks: (context: FaultContext) => (request: Buffer) => number | undefined,
): Fault {
  return {
    name,
    async inject(context) {
      const gateways = context.random.chance(0.5) ? [anyGateway(context)] : context.stack.gateways
      for (const { redisProxy } of gateways) redisProxy.repeat(picks(context))
      await between(context, 1_000, 4_000)
      for (const { redisProxy } of gateways) redisProxy.repeat(null)
    },
  }
}

const ALL_REPEATED = repeated(
  'every script delivered twice',
  ({ random }) =>
    request =>
      SCRIPTS.test(request.toString('latin1')) ? random.int(REPEATED_WITHIN_MS) : undefined,
)
const SOME_REPEATED = repeated(
  'some scripts delivered twice at once',
  ({ random }) =>
    request =>
      SCRIPTS.test(request.toString('latin1')) && random.chance(0.3) ? random.int(30) : undefined,
)

/** The account that the gateways use; the harness keeps that of the operator. */
const ACCOUNT = 'app'
/** Commands that the gateway needs and an administrator may forget. */
const FORGOTTEN = ['getrange', 'mget', 'set', 'evalsha', 'info', 'multi', 'scan', 'unlink', 'get']

async function account({ redis }: { redis: TestRedis }): Promise<void> {
  await onRedis(redis.url, client =>
    client.call('ACL', 'SETUSER', ACCOUNT, 'on', 'nopass', '~*', '&*', '+@all'),
  )
}

/** Right answers without the cache as long as it lasts, and the cache again afterwards. */
const FORBIDDEN: Fault = {
  name: 'a command is forbidden by the ACL',
  async inject(context) {
    const { stack, random } = context
    const command = random.pick(FORGOTTEN)
    const acl = (rule: string) => stack.command(client => client.call('ACL', 'SETUSER', ACCOUNT, rule))
    await acl(`-${command}`)
    await between(context, 500, 3_000)
    await acl(`+${command}`)
  },
}

/** One gateway of three cannot reach Redis for a long time, and goes on being written through. */
const CUT_OFF: Fault = {
  name: 'one gateway without Redis for seconds',
  async inject(context) {
    const gateway = anyGateway(context)
    gateway.redisProxy.blackHole()
    await between(context, 6_000, 12_000)
    gateway.redisProxy.pass()
  },
}

export const MIDDLEMEN: readonly Scenario[] = [
  { name: 'C11', says: 'scripts are delivered twice', faults: [ALL_REPEATED, SOME_REPEATED] },
  {
    name: 'C12',
    says: 'an ACL forbids commands',
    stack: { prepare: account, redisUser: ACCOUNT },
    faults: [FORBIDDEN, UNDISTURBED],
  },
  { name: 'C15', says: 'one gateway is cut off from Redis', faults: [CUT_OFF] },
]
