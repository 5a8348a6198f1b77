import { parentPort, workerData } from 'node:worker_threads'
import { campaign } from './campaign.ts'
import type { AnyFocus } from './draw-scenario.ts'

/** One thread's share: every `step`-th seed from `from` on, until `seeds` are done or `ms` are over. */
export interface CampaignOrder {
  readonly from: number
  readonly step: number
  readonly seeds: number
  readonly ms: number
  /** Undefined = gateways with one Redis. */
  readonly focus?: AnyFocus | undefined
}

const { from, step, seeds, ms, focus } = workerData as CampaignOrder
const until = performance.now() + ms
const tally = await campaign(from, step, done => done.seeds >= seeds || performance.now() > until, focus)
parentPort?.postMessage(tally)
