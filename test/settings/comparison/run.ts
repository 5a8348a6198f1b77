import { parseArgs } from 'node:util'
import { compareTwice } from './warm.ts'

/** `npm run comparison -- --users 1000`: what warm.test.ts checks, for any number of users. */

const { values } = parseArgs({ options: { users: { type: 'string', default: '1000' } } })
const users = Number(values.users)
const teardowns: (() => unknown)[] = []
try {
  const { right, statements } = await compareTwice({ teardown: work => teardowns.unshift(work) }, users)
  const [cold, warm] = statements.map(({ length }) => length)
  process.stdout.write(
    `${users} users compared twice, right: ${right.join(', ')}; statements: ${cold} cold, ${warm} warm\n`,
  )
  if (right.some(count => count !== users) || warm !== 0) process.exitCode = 1
} finally {
  for (const work of teardowns) await work()
}
