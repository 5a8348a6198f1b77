import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { noLeaseReasons, offReasons } from './helper/off-reasons.ts'
import { PAGES, pageText, ROOT } from './helper/readme.ts'
import { findWrongAnswer } from './simulation/campaign.ts'
import { KNOWN } from './simulation/known-seeds.ts'
import { RULES } from './simulation/rules.ts'
import { walk } from './simulation/walk.ts'

/** The workbench has words for why the cache is on as well. */
const WHY_ON = ['gate', 'the cache was emptied']

/** What Markdown leaves of a heading as the name of its place on the page. */
function anchorsOf(page: string): readonly string[] {
  return [...pageText(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The names in the first column. */
function reasonsIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name!).sort()
}

t.test('the README is a few minutes long', async t => {
  t.ok(pageText('README.md').split('\n').length <= 200)
})

/** A page without its fenced blocks. */
function proseOf(page: string): string {
  return pageText(page).replaceAll(/^```.*?^```$/gms, '')
}

/** Its tables, each with its rows. */
function tablesOf(page: string): readonly (readonly string[])[] {
  return [...proseOf(page).matchAll(/(?:^ *\|.*\n?)+/gm)].map(([table]) => table.trim().split('\n'))
}

/** A bar separates cells unless a backslash stands before it, in a code span too. */
function cellsOf(row: string): readonly string[] {
  return row
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
}

for (const page of PAGES) {
  t.test(`${page}: the rows of a table have as many cells as its head`, async t => {
    for (const [head, ...rows] of tablesOf(page))
      for (const row of rows) t.equal(cellsOf(row).length, cellsOf(head!).length, row.slice(0, 120))
  })

  t.test(`${page}: what it leads to exists`, async t => {
    const text = proseOf(page)
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue
      const [path = '', anchor] = target!.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      t.ok(existsSync(join(ROOT, file)), file)
      if (anchor !== undefined) t.ok(anchorsOf(file).includes(anchor), target!)
    }
    const files = text.matchAll(/`((?:src|openapi|test|deploy|docs)\/[\w./-]*|[A-Z]+\.md)`/g)
    for (const [, file] of files) t.ok(existsSync(join(ROOT, file!)), file!)
    for (const [, folder] of text.matchAll(/`((?:src|test|deploy)\/[\w/-]+\/)`/g))
      t.ok(statSync(join(ROOT, folder!)).isDirectory(), folder!)
  })
}

t.test('docs/consistency.md has each rule of the simulation, with its file, and no other', async t => {
  const rows = pageText('docs/consistency.md').matchAll(/^\| `([a-z-]+)`( †)? \| .+ \| .+ \| `src\/.+` \|$/gm)
  const named = [...rows].map(([, name, dagger]) => `${name}${dagger ?? ''}`)
  t.strictSame(named.sort(), RULES.map(({ name, dagger }) => `${name}${dagger ? ' †' : ''}`).sort())
})

t.test('docs/operate.md and the workbench have each reason why the cache is off, and no other', async t => {
  const [, section = ''] =
    /^### Why the cache is off\n(.*?)^Logs are/ms.exec(pageText('docs/operate.md')) ?? []
  const [ofViews = '', ofInstances = ''] = section.split('in no metric')
  t.strictSame(reasonsIn(ofViews), offReasons())
  t.strictSame(reasonsIn(ofInstances), [...noLeaseReasons()].sort())
  const words = readFileSync(join(ROOT, 'src/http/ops/lib/words.js'), 'utf8')
  const [, table = ''] = /^const FAST_READS = \{\n(.*?)^\}/ms.exec(words) ?? []
  const named = [...table.matchAll(/^ {2}'?([a-z -]+?)'?:/gm)].map(([, name]) => name!)
  const reasons = new Set([...offReasons(), ...noLeaseReasons(), ...WHY_ON])
  t.strictSame(named.sort(), [...reasons].sort())
})

t.test('a seed that a page names for a rule catches it', async t => {
  const commands = PAGES.flatMap(page => [
    ...pageText(page).matchAll(/npm run simulate -- --rule ([a-z-]+) --seeds 1 --seed (\d+)/g),
  ])
  t.ok(commands.length > 0)
  for (const [command, name, seed] of commands) {
    const rule = RULES.find(each => each.name === name)!
    t.equal(Number(seed), KNOWN[name!], command)
    const { violations } = await walk(Number(seed), rule.off, rule.focus)
    t.not(findWrongAnswer(violations), undefined, command)
  }
})
