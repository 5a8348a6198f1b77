import {
  InvalidRequestError,
  type Reading,
  type Settings,
  SettingsClient,
  VersionMismatchError,
} from 'settings-gateway-client'

/** What callers do, in the types of the package. Prints `ok` when everything is as it should be. */
export async function tryClient(url: string, token: string, userId: string): Promise<string> {
  const gateway = new SettingsClient({ url, token, fallback: { memory: true, maxAgeMs: 60_000 } })
  try {
    const user = gateway.user(userId)
    await gateway.createUser(userId)
    const first = await user.decisionSettings()
    const leverage: number = first.value.modes.scalp.data.size.leverage
    const second = await user.decisionSettings()
    check(second.unchanged && second.value === first.value, 'a poll is a 304')
    const settings: Reading<{ data: Settings }> = await user.get('settings')
    check(settings.value.data.trading.timezone.length > 0, 'a document')

    const abort = new AbortController()
    const open = new Promise<void>(resolve => {
      void watch(resolve)
    })
    let heard = ''
    async function watch(resolve: () => void) {
      for await (const event of user.watch({ signal: abort.signal, onConnection: () => resolve() })) {
        if (event.type === 'change') heard = `${event.document} ${event.version}`
        abort.abort()
      }
    }
    await open

    const { version } = first.value.modes.scalp
    const put = await user.putMode('scalp', { size: { leverage: leverage + 1 } }, { ifMatch: version })
    check(put.version === version + 1 && put.data.size.leverage === leverage + 1, 'a put')
    const stale = await user
      .putMode('scalp', { enabled: true }, { ifMatch: version })
      .catch((error: unknown) => error)
    check(stale instanceof VersionMismatchError && stale.current?.version === put.version, 'a 412')
    const refused = await user.put('mode.scalp', { size: { leverage: -1 } }).catch((error: unknown) => error)
    check(
      refused instanceof InvalidRequestError && refused.message.includes('size.leverage'),
      'the field is named',
    )

    const once = await user.nextSequence({ idempotencyKey: `key-${userId}` })
    check(
      (await user.nextSequence({ idempotencyKey: `key-${userId}` })).last === once.last,
      'a number drawn once',
    )
    await user.exchange.put('orders', [{ orderId: BigInt('8389765612825190229') }])
    const orders = (await user.exchange.get('orders')) as { orderId: bigint }[]
    check(orders[0]?.orderId === BigInt('8389765612825190229'), 'a bigint')
    for (let i = 0; heard === '' && i < 200; i++)
      await new Promise<void>(resolve => setTimeout(() => resolve(), 25))
    check(heard === `mode.scalp ${put.version}`, 'the change was heard of')
    return 'ok'
  } finally {
    await gateway.close()
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`)
}
