import { commandLine } from '../../src/commands/command-line.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { withScope } from '../load/scope.ts'
import { EXPECTED, PROGRAMS } from './programs.ts'
import { Tools } from './tools.ts'

/** `npm run openapi:tools`: openapi/openapi.json under the linters and the generators of clients that callers use. */

commandLine({
  command: 'npm run openapi:tools --',
  summary: `Checks openapi/openapi.json with Redocly and Spectral, and runs what ${Object.keys(PROGRAMS).length} generators make of it against a gateway.
Installs them from the npm registry into a temporary directory; ends with 1 when one is not content.`,
  options: {},
})

await withScope(async scope => {
  const tools = await Tools.install(temporaryDirectory(scope))
  const { gateway } = await startStack(scope)
  const steps: readonly (readonly [name: string, work: () => Promise<unknown>])[] = [
    ['Redocly, recommended: no warning', () => tools.redocly()],
    ['Spectral, spectral:oas: no warning', () => tools.spectral()],
    ['generators', () => tools.generate(gateway.url)],
    ['tsc --strict', () => tools.compile()],
    ...Object.keys(PROGRAMS).map(name => [name, () => call(tools, name, gateway.url)] as const),
  ]
  let passed = 0
  for (const [name, work] of steps) if (await works(name, work)) passed++
  process.stdout.write(`${passed} passed, ${steps.length - passed} failed\n`)
  if (passed < steps.length) process.exitCode = 1
})

/** Each program has a user of its own, who does not exist before. */
async function call(tools: Tools, name: string, url: string): Promise<string> {
  const output = await tools.call(name, { GATEWAY_URL: url, GATEWAY_TOKEN: SERVICE_TOKEN, USER_ID: name })
  if (output !== EXPECTED) throw new Error(`it printed: ${output}`)
  return output.trimEnd()
}

async function works(name: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    const said = await work()
    process.stdout.write(`passed: ${name}${typeof said === 'string' ? `: ${said}` : ''}\n`)
    return true
  } catch (error) {
    process.stdout.write(`FAILED: ${name}\n${(error as Error).message}\n`)
    return false
  }
}
