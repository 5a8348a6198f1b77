import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { debianPackages } from '../../src/dev/debian-packages.ts'
import { findOnPath } from '../../src/dev/redis-binary.ts'

export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly headers?: Readonly<Record<string, string>>
  /** A script for wrk with a request of its own; without wrk the plain GET is sent. */
  readonly script?: string
}

/** Latencies in milliseconds. */
export interface Measured {
  readonly requests: number
  readonly rps: number
  readonly p50: number
  readonly p99: number
  /** Connections that broke and answers other than 2xx and 3xx. */
  readonly failed: number
}

export interface LoadGenerator {
  readonly name: string
  run(load: Load): Promise<Measured>
}

/** wrk from the PATH or Debian; offline or without it autocannon, which costs as much CPU as what it measures. */
export function loadGenerator(cacheDir: string, offline: boolean): LoadGenerator {
  if (offline) return { name: 'autocannon', run: runAutocannon }
  const onPath = findOnPath('wrk')
  if (onPath !== undefined) return { name: 'wrk', run: load => runWrk(onPath, undefined, load) }
  const found = debianPackages(cacheDir, 'wrk', ['wrk', 'libluajit-5.1-2', 'libluajit-5.1-common', 'libssl3'])
  if (found === undefined) return { name: 'autocannon', run: runAutocannon }
  return { name: 'wrk', run: load => runWrk(join(found.root, 'usr/bin/wrk'), found.libraries, load) }
}

async function runWrk(wrk: string, libraries: string | undefined, load: Load): Promise<Measured> {
  const headers = Object.entries(load.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const script = load.script === undefined ? [] : ['-s', load.script]
  const { stdout } = await promisify(execFile)(
    wrk,
    [
      ...['-t', '1', '-c', String(load.connections), '-d', `${Math.ceil(load.seconds)}s`, '--latency'],
      ...[...script, ...headers, load.url],
    ],
    { env: { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) } },
  )
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? 0)
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout) ?? []
  return {
    requests: number(/(\d+) requests in/),
    rps: number(/Requests\/sec:\s+([\d.]+)/),
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
    failed: broken
      .slice(1)
      .reduce((sum, count) => sum + Number(count), number(/Non-2xx or 3xx responses: (\d+)/)),
  }
}

/** `1.23ms`, `456.00us`, `1.20s`. */
function milliseconds(text = ''): number {
  const factor = text.endsWith('us') ? 0.001 : text.endsWith('ms') ? 1 : 1_000
  return Number.parseFloat(text) * factor
}

async function runAutocannon(load: Load): Promise<Measured> {
  const { url, connections, seconds: duration, headers = {} } = load
  // It ends at a sample, one per second unless told otherwise.
  const sampleInt = Math.min(1, duration) * 1_000
  const result = await autocannon({ url, connections, duration, sampleInt, headers: { ...headers } })
  return {
    requests: result.requests.total,
    rps: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failed: result.errors + result.non2xx - (result['3xx'] ?? 0),
  }
}
