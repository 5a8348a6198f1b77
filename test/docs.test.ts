import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { PAGES, pageText, ROOT } from './helper/readme.ts'
import { RULES } from './simulation/rules.ts'

/** What Markdown leaves of a heading as the name of its place on the page. */
function anchorsOf(page: string): readonly string[] {
  return [...pageText(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

t.test('the README is a few minutes long', async t => {
  t.ok(pageText('README.md').split('\n').length <= 200)
})

for (const page of PAGES) {
  t.test(`${page}: what it leads to exists`, async t => {
    const text = pageText(page).replaceAll(/^```.*?^```$/gms, '')
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
