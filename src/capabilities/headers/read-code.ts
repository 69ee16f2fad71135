// Which request headers an expression reads: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

/** Those that every extension sees are no use of the grant; the host's own list of them is in src/http. */
const plain =
  /^(?:accept.*|cache-control|content-.*|date|dnt|expect|from|host|if-.*|last-event-id|max-forwards|origin|pragma|prefer|priority|range|referer|referrer|save-data|sec-.*|trace.*|upgrade.*|user-agent|x-correlation-id|x-request-id|x-requested-with|access-control-.*)$/;

export const readHeadersCode = ({ root, steps: [first, second] }: CodeChain): readonly CodeUse[] => {
  if (!/^(?:req|request)\d*$/.test(root) || first?.kind !== 'member') return [];
  if (first.name === 'cookies') return [['names', 'cookie']];
  const named =
    first.name === 'headers' && second?.kind === 'member'
      ? second.name
      : (first.name === 'get' || first.name === 'header') && second?.kind === 'call'
        ? (second.args[0] ?? null)
        : undefined;
  if (named === undefined) return [];
  if (named === null) return ['unclear'];
  const name = named.toLowerCase();
  return plain.test(name) ? [] : [['names', name]];
};
