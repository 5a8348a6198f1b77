import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildApp } from '../app.ts'
import { commandLine } from '../commands/command-line.ts'
import { DEVELOPMENT_JWT_SECRET, loadConfig } from '../config.ts'

/** `npm run openapi` writes openapi/openapi.json from the built app; with --check it fails when they differ. */

const FILE = fileURLToPath(new URL('../../openapi/openapi.json', import.meta.url))

const { values } = commandLine({
  command: 'npm run openapi --',
  summary: 'Writes openapi/openapi.json from the built app.',
  options: {
    check: { type: 'boolean', default: false, help: 'Write nothing; end with 1 when they differ.' },
  },
})
const { app } = await buildApp(
  loadConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    JWT_SECRET: DEVELOPMENT_JWT_SECRET,
    LOG_LEVEL: 'silent',
  }),
)
await app.ready()
const text = `${JSON.stringify(app.swagger(), null, 2)}\n`
await app.close()
if (!values.check) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  process.stderr.write(
    'openapi/openapi.json is not what the app answers at /docs/json: run `npm run openapi`\n',
  )
  process.exitCode = 1
}
