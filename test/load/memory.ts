import { readFileSync } from 'node:fs'
import { usersOf } from '../../src/dev/users-of-directory.ts'

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1_024
}

/** Processor time of a process so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Processor time so far of a server with the processes that work in its directory, those that have ended included. */
export function serverCpuSeconds({
  pid,
  dataDir,
}: {
  readonly pid: number
  readonly dataDir: string
}): number {
  let ticks = 0
  for (const each of usersOf(dataDir)) {
    try {
      const fields = readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]!.split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
      // Of the children that it has waited for.
      if (each === pid) ticks += Number(fields[13]) + Number(fields[14])
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / 100
}

/** Used heap of a gateway after it was asked for its metrics, MB. */
export async function heapMb(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const [, bytes] = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics) ?? []
  return Number(bytes) / 1_024 / 1_024
}

/** Files and sockets that a process may open. Node raises its soft limit to the hard one by itself. */
export function maxOpenFiles(): number {
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}
