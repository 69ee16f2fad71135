// What /_cloister answers, put together of what runs. Must hold no logic of its own.
import type { Logger } from 'pino';
import type { RuntimeOptions } from './config/runtime-options.ts';
import type { Deploying } from './deploying.ts';
import { makeApi } from './http/api/api.ts';
import { makeOperatorRoutes, type OperatorRoutes } from './http/operator-routes.ts';
import type { CanaryWatch } from './installation/canary/canary-watch.ts';
import type { Installation } from './installation.ts';
import type { LifeEvent } from './ledger/entry.ts';
import { showServed } from './served-view.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Health } from './vitals.ts';

export interface OperatorOf {
  readonly options: RuntimeOptions;
  readonly installation: Installation;
  readonly watch: CanaryWatch;
  readonly deploying: Deploying;
  readonly metrics: Metrics | null;
  readonly logger: Logger;
  health(): Health;
  isClosing(): boolean;
  life(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
}

export const makeOperator = ({ options, installation, watch, deploying, metrics, logger, ...of }: OperatorOf): OperatorRoutes => {
  const onFault = (error: unknown): void => logger.error({ err: error }, 'an operator’s request failed');
  return makeOperatorRoutes({
    health: of.health,
    unready: () => (of.isClosing() ? 'the host is shutting down' : null),
    metrics: metrics === null ? null : () => metrics.render(),
    token: options.adminToken,
    api: makeApi({
      registry: deploying.calls,
      maxArchiveBytes: options.packages.archiveBytes,
      served: () => ({ extensions: installation.served.map((one) => showServed(one, watch)), refused: installation.refused }),
      onChange: (extension, what, by) => of.life('operator.deploy', extension, '', what, `by ${by}, over the API`),
      onFault,
    }),
    onFault,
  });
};
