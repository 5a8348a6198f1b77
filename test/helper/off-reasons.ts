import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './readme.ts'

/** Names of the same form in the protocol that are no reason. */
const OTHERS = ['redis-owner', 'this-database']

/** Why a view may be OFF, as the protocol and the migrations say. An operator may give any other reason to turn_view_off(). */
export function offReasons(): readonly string[] {
  const code = filesOf('src/consistency/*.ts').flatMap(text => [
    ...text.matchAll(/turnOff\(.*'([a-z-]+)'/g),
    ...text.matchAll(/'((?:redis|database|another|other|new|restored|view|manual)-[a-z-]+)'/g),
  ])
  const sql = filesOf('src/store/migrations/*.sql').flatMap(text => [
    ...text.matchAll(/(?:'OFF'.*|\breason = |THEN )'((?!schedule-)[a-z]+(?:-[a-z]+)+)'/g),
  ])
  const names = [...code, ...sql].map(([, name]) => name!)
  return [...new Set(names)].filter(name => !OTHERS.includes(name)).sort()
}

/** Why an instance does not answer from Redis although the view is not OFF, as its status says. */
export function noLeaseReasons(): readonly string[] {
  const [text = ''] = filesOf('src/lifecycle/status.ts')
  const [, why = ''] = /const why = \(\) => \{(.*?)^ {4}\}/ms.exec(text) ?? []
  return [...why.matchAll(/return .*/g)].flatMap(([line]) =>
    [...line.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name!),
  )
}

function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: ROOT }).map(file => readFileSync(join(ROOT, file), 'utf8'))
}
