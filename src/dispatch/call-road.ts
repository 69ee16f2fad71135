// A cell's calls on their way to the bridge and back. Must never say of a call what the host does not know of its cell.
import { toWard } from '../../sandbox/protocol/kinds.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import type { SlotServices } from './slot-services.ts';
import type { TenantViews } from './tenant-views.ts';

type OnLife = (event: LifeEvent, extension: string, tenant: string, subject: string, reason: string) => void;

/** `views` null: every tenant has extensions as they are. */
export const makeCallRoad =
  (bridge: Bridge, views: TenantViews | null, onLife: OnLife): SlotServices['onCall'] =>
  (cell, lease, call, text, bytes) => {
    const { extension, tenant, ward, id } = cell;
    bridge.call(
      {
        extension: extension.id,
        tenant,
        limits: extension.limits,
        capabilities: views?.capabilitiesNow(extension, tenant) ?? extension.capabilities,
        recordStray: (capability, method) => onLife('call.stray', extension.id, tenant, `${capability}.${method}`, 'its request has ended'),
      },
      lease,
      call,
      text,
      bytes,
      (ok, json, part) => ward.process.write(toWard.result, call, lease?.id ?? 0, id * 2 + (ok ? 1 : 0), json, part),
    );
  };
