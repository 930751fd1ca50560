//! The conformance suite of Tripline.
