import { buildSchema } from "graphql";

/**
 * The part of Arize's GraphQL schema that monitors need, from the vendor's pages:
 * https://arize.com/docs/ax/graphql-reference/guides/monitors
 */
export const monitorSchema = buildSchema(`
  interface Node { id: ID! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  enum MonitorCategory { drift performance dataQuality }
  enum MonitorStatus { triggered cleared noData }
  enum ComparisonOperator { greaterThan greaterThanOrEqual lessThan lessThanOrEqual equals notEquals }
  enum DriftMetric { psi js kl ks euclideanDistance cosineSimilarity }
  enum PerformanceMetric { accuracy precision recall f_1 mae mape rmse auc logLoss }
  enum DataQualityMetric { percentEmpty cardinality newValues missingValues p50 p95 p99 avg count sum stdDev }
  enum DimensionCategory { prediction predictionScore featureLabel tags spanProperty llmEval embedding }
  enum ModelEnvironmentName { production validation training tracing }

  type Monitor implements Node {
    id: ID!
    name: String!
    notes: String
    monitorCategory: MonitorCategory!
    status: MonitorStatus
    threshold: Float
    operator: ComparisonOperator!
    latestComputedValue: Float
    evaluatedAt: String
    updatedAt: String
    dimensionCategory: DimensionCategory
    driftMetric: DriftMetric
    performanceMetric: PerformanceMetric
    dataQualityMetric: DataQualityMetric
  }
  type MonitorEdge { node: Monitor! }
  type MonitorConnection { pageInfo: PageInfo! edges: [MonitorEdge!]! }
  type Model implements Node {
    id: ID!
    name: String!
    monitors(first: Int, after: String, monitorCategory: MonitorCategory, currentStatus: MonitorStatus): MonitorConnection!
  }
  type Space implements Node {
    id: ID!
    name: String!
    monitors(first: Int, after: String, modelName: String, search: String, monitorCategory: MonitorCategory, currentStatus: MonitorStatus): MonitorConnection!
  }

  input CreateDriftMonitorMutationInput {
    spaceId: ID modelName: String name: String! notes: String operator: ComparisonOperator threshold: Float
    driftMetric: DriftMetric dimensionCategory: DimensionCategory dimensionName: String evaluationWindowLengthSeconds: Float
  }
  input CreatePerformanceMonitorMutationInput {
    spaceId: ID modelName: String name: String! notes: String operator: ComparisonOperator threshold: Float
    performanceMetric: PerformanceMetric modelEnvironmentName: ModelEnvironmentName evaluationWindowLengthSeconds: Float
  }
  input CreateDataQualityMonitorMutationInput {
    spaceId: ID modelName: String name: String! notes: String operator: ComparisonOperator threshold: Float
    dataQualityMetric: DataQualityMetric dimensionCategory: DimensionCategory dimensionName: String
    modelEnvironmentName: ModelEnvironmentName evaluationWindowLengthSeconds: Float
  }
  input PatchMonitorSet { name: String notes: String operator: ComparisonOperator threshold: Float }
  input PatchDriftMonitorMutationInput { monitorId: ID! set: PatchMonitorSet! }
  input PatchPerformanceMonitorMutationInput { monitorId: ID! set: PatchMonitorSet! }
  input PatchDataQualityMonitorMutationInput { monitorId: ID! set: PatchMonitorSet! }
  input DeleteMonitorMutationInput { monitorId: ID! }
  type MonitorPayload { monitor: Monitor }

  type Query { node(id: ID!): Node }
  type Mutation {
    createDriftMonitor(input: CreateDriftMonitorMutationInput!): MonitorPayload
    createPerformanceMonitor(input: CreatePerformanceMonitorMutationInput!): MonitorPayload
    createDataQualityMonitor(input: CreateDataQualityMonitorMutationInput!): MonitorPayload
    patchDriftMonitor(input: PatchDriftMonitorMutationInput!): MonitorPayload
    patchPerformanceMonitor(input: PatchPerformanceMonitorMutationInput!): MonitorPayload
    patchDataQualityMonitor(input: PatchDataQualityMonitorMutationInput!): MonitorPayload
    deleteMonitor(input: DeleteMonitorMutationInput!): MonitorPayload
  }
`);
