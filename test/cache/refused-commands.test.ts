import t from 'tap'
import { scriptText } from '../../src/cache/script-files.ts'
import { viewText } from '../../src/consistency/token.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import { openScripts } from './redis-script-access.ts'

const [BLOCK, WITNESS, MIRROR] = PLAIN_NAMES.sequence('u', '20260106')
const KEYS = [PLAIN_NAMES.view, BLOCK, WITNESS, MIRROR, 'user:u:settings:trading']
const TTL_MS = '60000'
/** Stands in front of a script: GET of one key is refused, as an ACL or a proxy may. */
const refusing = (key: string) => `local real = redis
local redis = {
  call = real.call,
  pcall = function(command, key, ...)
    if command == 'GET' and key == '${key}' then return { err = 'NOPERM no permissions' } end
    return real.pcall(command, key, ...)
  end,
}
`

t.test(
  'a refused GET is no missing block: the scripts of the order numbers end, and change nothing',
  async t => {
    const { cache, client, v } = await openScripts(t)
    const view = v(1)
    await cache.adopt(view)
    const text = viewText(view)
    await client.mset(BLOCK, `3 10 ${BLOCK} ${text}`, WITNESS, '3')
    const before = await client.mget(KEYS)
    for (const key of [BLOCK, WITNESS]) {
      for (const [name, args] of [
        ['sequence-draw', ['1', '0', TTL_MS]],
        ['sequence-open', ['used 10', '1', '11', '20', TTL_MS]],
        ['sequence-last', []],
      ] as const) {
        const script = scriptText(name)
        const end = script.indexOf('\n') + 1
        const refused = script.slice(0, end) + refusing(key) + script.slice(end)
        const outcome = client.eval(refused, KEYS.length, ...KEYS, text, ...args)
        await t.rejects(outcome, /NOPERM/, `${name}, ${key}`)
        t.strictSame(await client.mget(KEYS), before, `${name} changes nothing`)
      }
    }
  },
)
