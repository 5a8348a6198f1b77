/** The result line of one test file at the top level of TAP; `# SKIP` and times follow the name. */
const RESULT = /^(ok|not ok) \d+ - (.*?)(?: \{)?$/

/** A test that was skipped, at any level, and why. */
const SKIPPED = /^ *ok \d+ - (.*?) # SKIP ?(.*)$/

/** Turns the TAP stream of a run into a line per file and per skipped test, and the whole of what a failed file said. */
export class TapReport {
  readonly #say: (text: string) => void
  #rest = ''
  #file: string[] = []
  /** Behind a failed file stands why, until the next file begins. */
  #explaining = false

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    const [, test, why] = SKIPPED.exec(line) ?? []
    if (test !== undefined) this.#say(`skipped: ${test} (${why})`)
    const [, result, name] = RESULT.exec(line) ?? []
    if (result === undefined) {
      if (line.startsWith('# Subtest: ')) this.#explaining = false
      if (this.#explaining) this.#say(line)
      else this.#file.push(line)
      return
    }
    this.#explaining = result === 'not ok'
    if (result === 'not ok') this.#say(this.#file.filter(each => !/^\s*ok /.test(each)).join('\n'))
    this.#say(`${result === 'ok' ? 'passed' : 'FAILED'}: ${name}`)
    this.#file = []
  }
}
