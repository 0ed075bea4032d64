//! A wrong bit in a ciphertext.

use wacore_binary::{Node, NodeContent};

/// Flips one bit in the first `<enc>` below `node`, near the end, where the authentication code is. `false` when it has none.
pub(super) fn damage(node: &mut Node) -> bool {
    if node.tag == "enc" {
        if let Some(NodeContent::Bytes(bytes)) = &mut node.content
            && let Some(last) = bytes.last_mut()
        {
            *last ^= 1;
            return true;
        }
        return false;
    }
    match &mut node.content {
        Some(NodeContent::Nodes(children)) => children.iter_mut().any(damage),
        _ => false,
    }
}
