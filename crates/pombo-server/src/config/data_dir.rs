use std::{io, path::Path};

/// Makes the data directory, with its parents, unless it is there. One made here is for its owner only.
pub fn prepare_data_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
