import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way through a TCP proxy that a test can make unreliable. */
export interface TcpLine {
  /** Connections that are open now. */
  readonly connections: number
  /** Pieces of replies thrown away so far. */
  readonly dropped: number
  /** Back to normal. What a black hole held back arrives now; connections that lost a reply are reset. */
  pass(): void
  /** Each piece of a reply arrives so much later, in order. */
  delay(milliseconds: number): void
  /** Requests arrive and take effect, replies are thrown away: the caller cannot know. */
  dropReplies(): void
  /** A partition: connections open and stay open, nothing arrives in either direction. */
  blackHole(): void
  /** Resets all open connections. New ones work as before. */
  cut(): void
  /**
   * Each request that `repeats` picks is sent a second time, on a connection of its own, so many milliseconds later, as a
   * proxy does that repeats what it believes lost. Nobody hears the second reply. Null = no more.
   */
  repeat(repeats: ((request: Buffer) => number | undefined) | null): void
  /** What becomes of each request on its way, for a server that understands it differently. */
  rewrite(change: (request: Buffer) => Buffer): void
  /** Ends all open connections, with these bytes as the last reply of each. */
  endWith(lastReply: Buffer): void
  /** New connections go to another port; the open ones are reset. */
  retarget(port: number): void
}

/** A repeated request that is never answered is given up, milliseconds. */
const REPEAT_TIMEOUT_MS = 2_000

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  /** A reply is missing: whatever came next would answer the wrong request. */
  lossy: boolean
}

/** A way to 127.0.0.1:`firstPort` for the connections that `accept` is given. `close` resets all of them. */
export function createTcpLine(firstPort: number): TcpLine & { accept(client: Socket): void; close(): void } {
  const pairs = new Set<Pair>()
  let mode: 'pass' | 'drop-replies' | 'black-hole' = 'pass'
  let delayMs = 0
  let dropped = 0
  let targetPort = firstPort
  let repeats: ((request: Buffer) => number | undefined) | null = null
  let rewritten = (request: Buffer) => request
  const late = new Set<NodeJS.Timeout>()

  const repeatLater = (request: Buffer) => {
    const milliseconds = repeats?.(request)
    if (milliseconds === undefined) return
    const port = targetPort
    const timer = setTimeout(() => {
      late.delete(timer)
      const again = connect({ port, host: '127.0.0.1', noDelay: true })
      again.on('error', () => {}).on('data', () => again.end())
      again.setTimeout(REPEAT_TIMEOUT_MS, () => again.destroy())
      again.write(request)
    }, milliseconds)
    late.add(timer)
  }
  const accept = (client: Socket) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const pair: Pair = { client, upstream, lossy: false }
    pairs.add(pair)
    for (const socket of [client, upstream]) socket.on('error', () => {}).once('close', () => reset(pair))
    client.on('data', chunk => {
      upstream.write(rewritten(chunk))
      repeatLater(chunk)
    })
    let delivered = Promise.resolve()
    upstream.on('data', chunk => {
      if (mode === 'drop-replies') {
        pair.lossy = true
        dropped++
        return
      }
      const due = performance.now() + delayMs
      delivered = delivered.then(async () => {
        const wait = due - performance.now()
        if (wait > 0) await sleep(wait)
        client.write(chunk)
      })
    })
    if (mode === 'black-hole') hold(pair)
  }
  const reset = (pair: Pair) => {
    if (!pairs.delete(pair)) return
    // Node cannot reset what is ending already: the handle would stay open for ever, and the process with it, at full
    // speed, when it has nothing left to do.
    if (pair.client.writableEnded) pair.client.destroy()
    else pair.client.resetAndDestroy()
    pair.upstream.destroy()
  }
  const change = (next: typeof mode, delay = 0) => {
    if (mode === 'black-hole')
      for (const { client, upstream } of pairs) for (const s of [client, upstream]) s.resume()
    mode = next
    delayMs = delay
    for (const pair of pairs) {
      if (pair.lossy && next !== 'drop-replies') reset(pair)
      else if (next === 'black-hole') hold(pair)
    }
  }
  const cut = () => {
    for (const pair of pairs) reset(pair)
  }
  return {
    accept,
    close: () => {
      for (const timer of late) clearTimeout(timer)
      cut()
    },
    get connections() {
      return pairs.size
    },
    get dropped() {
      return dropped
    },
    pass: () => change('pass'),
    delay: milliseconds => change('pass', milliseconds),
    dropReplies: () => change('drop-replies'),
    blackHole: () => change('black-hole'),
    cut,
    rewrite: change => {
      rewritten = change
    },
    repeat: picks => {
      repeats = picks
    },
    endWith: lastReply => {
      for (const pair of pairs) pair.client.end(lastReply, () => reset(pair))
    },
    retarget: port => {
      targetPort = port
      cut()
    },
  }
}

/** Not reading is what a partition looks like: the bytes wait, as TCP would send them again. */
function hold({ client, upstream }: Pair): void {
  client.pause()
  upstream.pause()
}
