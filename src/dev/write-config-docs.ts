import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../commands/command-line.ts'
import { envExample, withConfigurationTable } from './config-docs.ts'

/** `npm run config:docs` writes `.env.example` and the table of docs/configuration.md; with --check it fails when they differ. */

const { values } = commandLine({
  command: 'npm run config:docs --',
  summary: 'Writes .env.example and the table of the configuration from the schema of the variables.',
  options: {
    check: { type: 'boolean', default: false, help: 'Write nothing; end with 1 when they differ.' },
  },
})
const files = [
  { name: '.env.example', render: envExample },
  { name: 'docs/configuration.md', render: withConfigurationTable },
]
for (const { name, render } of files) {
  const path = fileURLToPath(new URL(`../../${name}`, import.meta.url))
  const present = readOrEmpty(path)
  const wanted = render(present)
  if (present === wanted) continue
  if (!values.check) writeFileSync(path, wanted)
  else {
    process.stderr.write(
      `${name} is not what the schema of the configuration says: run \`npm run config:docs\`\n`,
    )
    process.exitCode = 1
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
