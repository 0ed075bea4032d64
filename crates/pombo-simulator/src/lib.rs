//! A WhatsApp network in a box.
