import type { TSchema } from '@sinclair/typebox'
import { SECRET_VARIABLES, VARIABLES, type VariableName } from '../config/variables.ts'

/**
 * `.env.example` and the table of docs/configuration.md, written from the schema of the variables so that they
 * cannot disagree with it.
 */

const BEGIN = '<!-- configuration: written by `npm run config:docs` -->'
const END = '<!-- /configuration -->'
const COLUMNS = 118

/** What docker-compose.yml reads beside the gateway's own variables. */
export const COMPOSE_VARIABLES: Readonly<Record<string, string>> = {
  GATEWAY_PORT:
    'Port of 127.0.0.1 at which docker-compose.yml publishes the gateway; 8080 if not set, any if empty.',
  NGINX_PORT: 'Port of 127.0.0.1 of nginx, with `--profile two-gateways`; 8081 if not set.',
  GRAFANA_PORT: 'Port of 127.0.0.1 of Grafana, with `--profile observability`; 3000 if not set.',
}

const variables = Object.entries(VARIABLES) as [VariableName, TSchema][]

/** Every variable with its description, commented out at its default. Secrets are empty: empty means not set. */
export function envExample(): string {
  const own = variables.map(([name, schema]) =>
    [
      ...comment(`${describe(schema)}${bounds(schema)}`),
      SECRET_VARIABLES.has(name) ? `${name}=` : `# ${name}=${defaultOf(schema)}`,
    ].join('\n'),
  )
  const compose = Object.entries(COMPOSE_VARIABLES).map(([name, description]) =>
    [...comment(description), `# ${name}=`].join('\n'),
  )
  return [
    '# Copy to `.env`. Written by `npm run config:docs`. Times are milliseconds; an empty value counts as not set.',
    ...own,
    '# --- docker-compose.yml only ---',
    ...compose,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

/** The page with its table renewed. Throws when it has no place for one. */
export function withConfigurationTable(page: string): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`docs/configuration.md has no ${BEGIN} ... ${END}`)
  return `${before}${BEGIN}\n\n${table()}\n\n${END}${after}`
}

function table(): string {
  const rows = variables.map(([name, schema]) => {
    const value = defaultOf(schema)
    return `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${cell(`${describe(schema)}${bounds(schema)}`)} |`
  })
  return ['| Variable | Default | What it does |', '|---|---|---|', ...rows].join('\n')
}

function describe({ description }: TSchema): string {
  return String(description)
}

function defaultOf(schema: TSchema): string {
  return schema.default === undefined ? '' : String(schema.default)
}

/** The values that are allowed, where the schema names them and the description does not. */
function bounds({ minimum, maximum, enum: values, description }: TSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum} to ${maximum}.`
  const unnamed = (values as readonly string[] | undefined)?.some(
    value => !description?.includes(`\`${value}\``),
  )
  return unnamed ? ` One of ${values.join(', ')}.` : ''
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** The text as comment lines. */
function comment(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > COLUMNS) lines.push(`# ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
