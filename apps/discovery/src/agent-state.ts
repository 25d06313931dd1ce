import type { ControlPort } from '@olla/state/ports/control';
import type { EjectionPort } from '@olla/state/ports/ejections';
import type { ElectionPort } from '@olla/state/ports/election';
import type { EventPort } from '@olla/state/ports/events';
import type { LoadPort } from '@olla/state/ports/load';
import type { SnapshotPort } from '@olla/state/ports/snapshots';
import type { StateKind } from '@olla/state/shared-state';

/** The ports of the shared state that the agent uses. */
export interface AgentState {
  readonly kind: StateKind;
  readonly election: ElectionPort;
  readonly snapshots: SnapshotPort;
  readonly ejections: Pick<EjectionPort, 'onEjection'>;
  readonly events: Pick<EventPort, 'publish'>;
  readonly load: Pick<LoadPort, 'onOthers'>;
  readonly control: Pick<ControlPort, 'read' | 'onControl'>;
}
