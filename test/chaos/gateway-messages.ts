/** What the parent asks of a gateway process. `release` also disarms. */
export type GatewayCommand = { readonly type: 'arm'; readonly step: string } | { readonly type: 'release' }

/** What a gateway process tells its parent. */
export type GatewayEvent =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'reached'; readonly step: string }
  /** Its event loop stood still for so many milliseconds, until now. */
  | { readonly type: 'stalled'; readonly milliseconds: number }

/** The steps of the protocol at which a process can be held; those of a write, then those of an outage and its end. */
export const WRITE_STEPS = ['write.locked', 'write.fenced', 'write.committed', 'write.put'] as const
export const OUTAGE_STEPS = [
  'outage.off',
  'outage.drained',
  'gate.epoch',
  'gate.adopted',
  'gate.cold',
  'gate.fenced',
  'gate.on',
] as const
