import { createProtocol } from '../../src/consistency/protocol.ts'
import { WriteSlots } from '../../src/consistency/write-slots.ts'
import { SOUND } from '../simulation/build.ts'
import { SIM_CODEC } from '../simulation/documents.ts'
import type { Gateway } from '../simulation/gateway.ts'
import { MemoryHandover } from '../simulation/memory-handover.ts'
import type { World } from '../simulation/world.ts'

/** A writer in the process of a simulated gateway, over its stores or others. */
export function writerBeside(
  { postgres }: World,
  { process, store, cache }: Pick<Gateway, 'process' | 'store' | 'cache'>,
) {
  return createProtocol({
    store,
    handovers: new MemoryHandover(store, postgres, SOUND.handover),
    cache,
    codec: SIM_CODEC,
    clock: process,
    observer: { step: () => {}, viewOff: () => {}, viewOn: () => {}, viewSeen: () => {}, failed: () => {} },
    times: SOUND.times,
    databaseName: 'simulated',
    nearCacheBytes: 0,
    readWaitMs: 3_000,
    writeSlots: new WriteSlots(1, process),
    serveUnverified: true,
  }).writer
}
