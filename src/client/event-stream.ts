/** One event of a text/event-stream. */
export interface StreamEvent {
  readonly type: string
  readonly data: string
  /** What to resume after: of this event, or of the last one that had an id. */
  readonly id: string
}

/** Parses text/event-stream (WHATWG HTML, 9.2) that arrives in pieces. */
export class EventStreamParser {
  #rest = ''
  #type = ''
  #data: string[] = []
  #id: string
  /** Counts from the end of its block on. */
  #nextId: string
  #retryMs: number | undefined
  #started = false

  /** `lastEventId` is what the stream was resumed after. */
  constructor(lastEventId = '') {
    this.#id = lastEventId
    this.#nextId = lastEventId
  }

  /** What to resume after: a block without data is no event, but its id counts. */
  get lastEventId(): string {
    return this.#id
  }

  /** Milliseconds that the server wants clients to wait before they connect again. */
  get retryMs(): number | undefined {
    return this.#retryMs
  }

  /** The events that `text` completes. */
  add(text: string): StreamEvent[] {
    const events: StreamEvent[] = []
    this.#rest += text
    if (!this.#started && this.#rest.length > 0) {
      this.#started = true
      this.#rest = this.#rest.replace(/^\uFEFF/, '')
    }
    // A lone CR at the very end may be half of a CRLF.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = line === '' ? this.#dispatch() : this.#field(line)
      if (event !== undefined) events.push(event)
    }
    return events
  }

  #field(line: string): undefined {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'event') this.#type = value
    else if (name === 'data') this.#data.push(value)
    else if (name === 'id' && !value.includes('\0')) this.#nextId = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.#retryMs = Number(value)
  }

  #dispatch(): StreamEvent | undefined {
    const data = this.#data
    const type = this.#type || 'message'
    this.#data = []
    this.#type = ''
    this.#id = this.#nextId
    return data.length === 0 ? undefined : { type, data: data.join('\n'), id: this.#id }
  }
}
