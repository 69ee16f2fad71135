// Which events an expression emits or listens for: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

const emits: ReadonlySet<string> = new Set(['emitFilter', 'emitAction', 'emitInit']);
const listens: ReadonlySet<string> = new Set(['onFilter', 'onAction', 'onInit']);
/** What a hook is given. */
const hooks: ReadonlySet<string> = new Set(['filter', 'action', 'init']);

const use = (list: string, step: CodeChain['steps'][number] | undefined): readonly CodeUse[] => {
  if (step?.kind !== 'call') return [];
  const event = step.args[0];
  return [event === null || event === undefined ? 'unclear' : [list, event]];
};

export const readEmitterCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const name = root.replace(/\d+$/, '');
  const [first] = steps;
  // A function of such a name that takes no event is something else.
  if (hooks.has(name)) return first?.kind === 'call' && typeof first.args[0] === 'string' ? use('listen', first) : [];
  if (name === 'schedule') return first?.kind === 'call' && typeof first.args[0] === 'string' ? [['schedule']] : [];
  const at = steps.findIndex((step) => step.kind === 'member' && (emits.has(step.name ?? '') || listens.has(step.name ?? '')));
  const step = steps[at];
  if (step?.kind !== 'member' || step.name === null) return [];
  return use(emits.has(step.name) ? 'emit' : 'listen', steps[at + 1]);
};
