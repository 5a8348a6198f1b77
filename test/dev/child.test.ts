import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../src/dev/child.ts'
import { runNode } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'

const CHILD = join(ROOT, 'src/dev/child.ts')

t.test('a port is given to one process, and not again while that one lives', async t => {
  const own = await Promise.all(Array.from({ length: 150 }, freePort))
  const script = `
    import { freePort } from '${CHILD}'
    console.log((await Promise.all(Array.from({ length: 150 }, freePort))).join())`
  const { output } = await runNode(['--input-type=module', '--eval', script], { cwd: ROOT, env: {} })
  const all = [...own, ...output.trim().split(',').map(Number)]
  t.equal(new Set(all).size, 300)
})
