import { readdirSync } from 'node:fs'
import t from 'tap'
import { scriptText } from '../../src/cache/script-files.ts'

const NAMES = readdirSync(new URL('../../src/cache/scripts', import.meta.url))
  .map(file => file.replace(/\.lua$/, ''))
  .filter(name => !name.endsWith('lib'))

/** A stand-in for servers that do not exist here: Dragonfly and Redis Cluster refuse a key that no script declared. */
t.test('no script makes the name of a key, and none asks INFO', async t => {
  for (const name of NAMES) {
    const code = scriptText(name).replace(/--.*$/gm, '')
    t.notMatch(code, /'(?:gateway|user|admin|binance):/, name)
    t.notMatch(code, /'INFO'/i, name)
  }
})
