import { commandLine } from '../../../src/commands/command-line.ts'
import { compareTwice } from './warm.ts'

/** `npm run comparison -- --users 1000`: what warm.test.ts checks, for any number of users. */

const { values } = commandLine({
  command: 'npm run comparison --',
  summary: 'Compares users with the defaults twice; ends with 1 when the second time asked the database.',
  options: { users: { type: 'string', value: 'N', default: '1000', minimum: 1, help: 'Users.' } },
})
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
