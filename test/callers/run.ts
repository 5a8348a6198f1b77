import { commandLine } from '../../src/commands/command-line.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { withScope } from '../load/scope.ts'
import { type Outcome, runGo, runPython } from './programs.ts'

commandLine({
  command: 'npm run callers --',
  summary: [
    'Runs the programs of docs/callers.md in Python and Go, as they stand there, against a gateway of its own.',
    'Ends with 1 when one does not do what the page says; a language that is not on the PATH is left out, and named.',
  ].join('\n'),
  options: {},
})
await withScope(async scope => {
  const { gateway } = await startStack(scope)
  const target = { url: gateway.url, token: SERVICE_TOKEN }
  tell('Python', await runPython(temporaryDirectory(scope), target))
  tell('Go', await runGo(temporaryDirectory(scope), target))
})

function tell(language: string, { printed, expected }: Outcome): void {
  if (printed === undefined) process.stdout.write(`skipped: ${language} is not on the PATH\n`)
  else if (printed === expected) process.stdout.write(`passed: ${language}\n`)
  else {
    process.stdout.write(`FAILED: ${language} printed\n${printed}\ninstead of\n${expected}\n`)
    process.exitCode = 1
  }
}
