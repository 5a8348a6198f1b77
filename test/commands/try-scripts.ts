import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

/**
 * Runs scripts of package.json up to where they end themselves, all in one process: there are dozens of them, and they
 * share most of their modules. The argument is a JSON array of calls, each a file and its arguments; what is printed is
 * a JSON array of what each call wrote and with which code it ended, -1 when it failed otherwise or went on.
 */

class Exit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

const print = process.stdout.write.bind(process.stdout)
const exit = process.exit.bind(process)
const calls: string[][] = JSON.parse(process.argv[2]!)
const results: { code: number; output: string }[] = []
let output = ''

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (text: string | Uint8Array) => {
    output += text
    return true
  }
}
process.exit = code => {
  throw new Exit(Number(code))
}
for (const [index, [file = '', ...args]] of calls.entries()) {
  output = ''
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
  let code = -1
  try {
    // The query: one file is the script of several names, and runs for each.
    await import(`${pathToFileURL(file)}?${index}`)
  } catch (error) {
    if (error instanceof Exit) code = error.code
    else output += inspect(error)
  }
  results.push({ code, output })
}
print(JSON.stringify(results), () => exit(0))
