import { parentPort, workerData } from 'node:worker_threads'
import { campaign } from './campaign.ts'

/** One thread's share: every `step`-th seed from `from` on, until `seeds` are done or `ms` are over. */
export interface CampaignOrder {
  readonly from: number
  readonly step: number
  readonly seeds: number
  readonly ms: number
}

const { from, step, seeds, ms } = workerData as CampaignOrder
const until = performance.now() + ms
const tally = await campaign(from, step, done => done.seeds >= seeds || performance.now() > until)
parentPort?.postMessage(tally)
