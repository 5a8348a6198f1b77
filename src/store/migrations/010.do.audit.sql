-- The audit over all users (docs/operate.md), newest first. The index holds what the audit filters by, so that a look for
-- a rare caller or reason reads no documents.
CREATE INDEX document_history_audit ON document_history (updated_at, user_id, kind, version) INCLUDE (updated_by, reason);

-- A deleted document has no history: its row says who deleted it, and when.
CREATE INDEX documents_deleted ON documents (updated_at, user_id, kind, version) INCLUDE (updated_by) WHERE data IS NULL;
