import type { Counter } from '../sequence/counter.ts'
import { OrderNumbers } from '../sequence/order-numbers.ts'
import type { ReplyStorePort } from '../sequence/ports.ts'
import { Replies } from '../sequence/replies.ts'
import { UserZones } from '../sequence/user-zones.ts'
import { StoredZones } from '../settings/stored-zones.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'
import { SequenceObserver } from '../telemetry/sequence-observer.ts'
import type { Foundation } from './foundation.ts'
import type { SettingsParts } from './settings.ts'

/** The order numbers of users, whose days depend on their settings. */
export function wireOrderNumbers(
  { config, log, telemetry }: Foundation,
  { reads, defaults }: SettingsParts,
  counter: Pick<Counter, 'draw' | 'last'>,
  replies: ReplyStorePort,
): OrderNumbers {
  const observer = new SequenceObserver(log, telemetry)
  return new OrderNumbers({
    counter,
    zones: new UserZones(new StoredZones(reads, defaults), observer),
    replies: new Replies(replies),
    clock: SYSTEM_CLOCK,
    observer,
    warnAbove: config.settings.sequenceWarnAbove,
  })
}
