// The public API. Named re-exports only: what is not here may change without notice.

export { type Approvals, type ApprovalsOptions, type ApprovedEntry, type ApproveTerms, openApprovals } from './approvals/approvals.ts';
export type { ApprovalDiff, DiffRow } from './approvals/diff.ts';
export {
  type AuditMeter,
  type AuditOptions,
  type AuditReport,
  type AuditSuggestion,
  auditMeter,
  auditReport,
  auditSuggest,
  type MeterOptions,
} from './audit/library.ts';
export type { MeterRow, MeterSpan } from './audit/meter.ts';
export type { Accountability } from './bridge/capability.ts';
export type { OwnListenerOrigin, OwnListeners } from './bridge/own-listeners.ts';
export type { ConnectionCount } from './capabilities/database/setup/connection-count.ts';
export type { DatabaseProblem } from './capabilities/database/setup/problem.ts';
export {
  defineService,
  type JsonSchema,
  type ServiceCaller,
  type ServiceDefinition,
  type ServiceMethod,
  type ServiceQuery,
  type ServiceRows,
} from './capabilities/services/definition.ts';
export { type CheckOptions, type CheckResult, checkPackages, type PackageCheck } from './check/check-package.ts';
export type { Identity } from './config/runtime-options.ts';
export { applyDatabase, checkDatabase, type DatabaseApplied, type DatabaseCheck, type DatabasePlan, planDatabase } from './database.ts';
export { type DoctorReport, type ExamineOptions, examine } from './doctor/examine.ts';
export type { DoctorCheck } from './doctor/finding.ts';
export { CloisterError, type ErrorCode, errorTable } from './errors.ts';
export type { EmbedderEvents, EventOrigin } from './events/embedder-events.ts';
export type { Handler } from './http/handler.ts';
export type { Desired, DesiredPackage } from './installation/desired.ts';
export type { InstalledExtension, RefusedExtension } from './installation.ts';
export type { LedgerEntry } from './ledger/entry.ts';
export { verifyLedger } from './ledger/verify-ledger.ts';
export { type LimitName, limitTable } from './limits/table.ts';
export { type OpenedRegistry, openRegistry } from './open-registry.ts';
export type { ApprovalOption, CloisterOptions, Grants } from './options.ts';
export type { QuotaRules, Quotas } from './quotas/quota-table.ts';
export type { Changed } from './registry/applied.ts';
export type { FailedVersion, ServedHere as Applied } from './registry/follower.ts';
export type {
  CanaryTerms,
  ChangeTerms,
  Deployed,
  DeployTerms,
  Registry,
  RegistryStatus,
} from './registry/registry.ts';
export type { Canary, Deployment, HostReport, Release } from './registry/state.ts';
export { createRuntime, type Runtime } from './runtime.ts';
export type { ResolveTenant, TenantSettings } from './tenants/tenant-book.ts';
export type { ListTenants } from './tenants/tenant-list.ts';
export type { Health } from './vitals.ts';
export type { MeasureReport } from './wards/hardening/measures.ts';
